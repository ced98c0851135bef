"""Reads retrieved passages and the citations that rest on them."""

from collections.abc import Iterable

from tracehub.members import Json, integer, mapping, mappings, text
from tracehub.model.span import Citation, Reference

_ADDRESS = ("uri", "url", "id", "query")


def references(values: Iterable[Json]) -> tuple[Reference, ...]:
    """Each reference with its text (of a table row: its cells) and the address its location names."""
    return tuple(_reference(value) for value in values)


def citations(attribution: Json) -> tuple[Citation, ...]:
    """The citations of a chunk's attribution."""
    found = []
    for value in mappings(attribution, "citations"):
        part = mapping(mapping(value, "generatedResponsePart"), "textResponsePart")
        span = mapping(part, "span")
        found.append(
            Citation(
                text=text(part, "text"),
                start=integer(span, "start"),
                end=integer(span, "end"),
                references=references(mappings(value, "retrievedReferences")),
            )
        )
    return tuple(found)


def _reference(value: Json) -> Reference:
    location = mapping(value, "location")
    return Reference(
        text=_content(mapping(value, "content")),
        location_type=text(location, "type"),
        location=_address(location),
        metadata=mapping(value, "metadata"),
        raw=value,
    )


def _content(content: Json) -> str | None:
    if (plain := text(content, "text")) is not None:
        return plain
    for name, member in (("audio", "transcription"), ("video", "summary")):
        if (spoken := text(mapping(content, name), member)) is not None:
            return spoken
    cells = mappings(content, "row")
    if cells:
        return " | ".join(f"{text(cell, 'columnName')}: {text(cell, 'columnValue')}" for cell in cells)
    return None


def _address(location: Json) -> str | None:
    for place in location.values():
        if isinstance(place, dict):
            for name in _ADDRESS:
                if isinstance(address := place.get(name), str):
                    return address
    return None
