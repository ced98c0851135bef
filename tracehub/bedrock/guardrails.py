"""Reads a guardrail's assessments into one flat list of findings."""

from collections.abc import Iterable

from tracehub.members import Json, mapping, mappings, text
from tracehub.model.span import Assessment

_FINDINGS = (
    ("topicPolicy", "topics", "topic"),
    ("contentPolicy", "filters", "content"),
    ("wordPolicy", "customWords", "word"),
    ("wordPolicy", "managedWordLists", "managed_word"),
    ("sensitiveInformationPolicy", "piiEntities", "pii"),
    ("sensitiveInformationPolicy", "regexes", "regex"),
)


def assessments(values: Iterable[Json]) -> tuple[Assessment, ...]:
    """Every finding of every policy, in the API's order of policies."""
    found: list[Assessment] = []
    for value in values:
        for policy, member, name in _FINDINGS:
            found.extend(_finding(name, finding) for finding in mappings(mapping(value, policy), member))
    return tuple(found)


def _finding(policy: str, finding: Json) -> Assessment:
    return Assessment(
        policy=policy,
        name=text(finding, "name") or text(finding, "regex"),
        type=text(finding, "type"),
        action=text(finding, "action"),
        confidence=text(finding, "confidence"),
        match=text(finding, "match"),
    )
