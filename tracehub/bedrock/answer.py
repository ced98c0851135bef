"""What the user asked and what the agent answered."""

from collections.abc import Iterable

from tracehub.bedrock.chunks import chunk_text
from tracehub.bedrock.draft import Draft
from tracehub.bedrock.questions import question
from tracehub.bedrock.references import citations
from tracehub.members import Json, mapping, mappings, text
from tracehub.model.record import Event
from tracehub.model.span import Citation, OutputFile


def question_of(events: Iterable[Event], drafts: Iterable[Draft]) -> str | None:
    """The request's text where it was recorded, else the question in the first prompt that holds one."""
    for event in events:
        if event.kind == "request" and (asked := text(mapping(event.body, "request"), "inputText")):
            return asked
    for draft in drafts:
        if draft.kind == "model" and (asked := question(draft.fields.get("input"))):
            return asked
    return None


def answer_of(events: Iterable[Event], finish: Json | None) -> tuple[str | None, tuple[Citation, ...]]:
    """The text of the chunks and its citations; without chunks the final response's text.

    With post-processing the chunk is the answer and the final response only what it was made from.
    """
    chunks = [mapping(event.body, "chunk") for event in events if event.kind == "chunk"]
    cited = tuple(citation for chunk in chunks for citation in citations(mapping(chunk, "attribution")))
    if chunks:
        return b"".join(chunk_text(chunk) for chunk in chunks).decode("utf-8", "replace"), cited
    return (text(finish, "text") if finish is not None else None), cited


def files_of(events: Iterable[Event]) -> tuple[OutputFile, ...]:
    """The files the agent returned; sizes are those of the base64 text, decoded."""
    return tuple(
        OutputFile(name=text(value, "name"), type=text(value, "type"), size=_size(text(value, "bytes")))
        for event in events
        if event.kind == "files"
        for value in mappings(mapping(event.body, "files"), "files")
    )


def _size(encoded: str | None) -> int | None:
    return None if encoded is None else len(encoded) * 3 // 4 - encoded[-2:].count("=")
