"""Strict JSON: a message, a list of them, a document around them (envelopes 2, 3, 4, 8, 9, 10, 12, 13)."""

from collections.abc import Callable
from typing import NamedTuple, cast

import msgspec

from tracehub.bedrock.envelopes.captured_stream import is_captured_stream, read_captured_stream
from tracehub.bedrock.envelopes.cloudwatch import is_subscription_payload, log_of
from tracehub.bedrock.envelopes.failed_delivery import is_failed_delivery, record_of
from tracehub.bedrock.envelopes.one_line import one_line
from tracehub.bedrock.envelopes.recorded_line import is_recorded_line, read_recorded_line
from tracehub.bedrock.envelopes.response_document import is_response_document, read_response_document
from tracehub.bedrock.found import Findings, Message
from tracehub.bedrock.shapes import recognise
from tracehub.bedrock.signs import looks_like_trace, names_a_trace
from tracehub.bedrock.tolerant import is_too_deep
from tracehub.members import Json

# Reads a text that stands as a string in JSON: a log message, or JSON within JSON.
Embedded = Callable[[str], None]
# No logger wraps messages deeper.
_DEEPEST_ENVELOPE = 24


def read_json_value(body: object, raw: bytes, findings: Findings, embedded: Embedded) -> bool:
    """Takes all that `body` holds, `raw` being its strict JSON; whether that was more than something to ignore."""
    if not isinstance(body, dict | list):
        findings.ignored += 1
        return False
    if raw.count(b"[") + raw.count(b"{") > findings.limits.max_depth and is_too_deep(body, findings.limits.max_depth):
        return _refuse(f"it is nested deeper than max_depth ({findings.limits.max_depth})", raw, findings)
    before = findings.progress()
    _descend(body, raw, _Reader(findings, embedded), 0)
    if findings.progress() != before:
        return True
    return _refuse("the members of a trace do not have the types of one", raw, findings)


def _refuse(reason: str, raw: bytes, findings: Findings) -> bool:
    if names_a_trace(raw):
        findings.quarantine(reason, raw)
        return True
    findings.ignored += 1
    return False


class _Reader(NamedTuple):
    findings: Findings
    embedded: Embedded


def _descend(body: object, raw: bytes, reader: _Reader, depth: int) -> None:
    if depth > _DEEPEST_ENVELOPE:
        return
    if isinstance(body, list):
        _descend_list(body, raw, reader, depth)
    elif isinstance(body, dict):
        _descend_dict(cast("Json", body), raw, reader, depth)
    elif isinstance(body, str) and looks_like_trace(body):
        reader.embedded(body)


def _descend_list(items: list[object], raw: bytes, reader: _Reader, depth: int) -> None:
    if not any(isinstance(item, dict | list | str) for item in items):
        return
    for item, item_raw in zip(items, msgspec.json.decode(raw, type=list[msgspec.Raw]), strict=True):
        _descend(item, bytes(item_raw), reader, depth + 1)


def _descend_dict(body: Json, raw: bytes, reader: _Reader, depth: int) -> None:
    findings = reader.findings
    if is_recorded_line(body):
        read_recorded_line(body, raw, findings)
    elif is_response_document(body):
        read_response_document(body, raw, findings)
    elif is_captured_stream(body):
        read_captured_stream(body, raw, findings)
    elif is_failed_delivery(body):
        reader.embedded(record_of(body, raw, findings))
    elif is_subscription_payload(body):
        reader.embedded(log_of(body))
    elif body.get("schemaType") == "ModelInvocationLog":
        findings.ignored += 1
    elif recognised := recognise(body):
        findings.keep(Message(recognised[0], body, one_line(raw), recognised[1]))
    elif any(map(_may_hold_messages, body.values())):
        members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        for name, value in body.items():
            _descend(value, bytes(members[name]), reader, depth + 1)


def _may_hold_messages(value: object) -> bool:
    return isinstance(value, dict | list) or (isinstance(value, str) and looks_like_trace(value))
