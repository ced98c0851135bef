"""What arrives from a source, and the events found in it."""

from hashlib import sha256
from typing import Literal

import msgspec

from tracehub.model.part import Part

EventKind = Literal["trace", "chunk", "return_control", "files", "exception", "request", "response"]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes as they arrived and where they came from.

    `data` may hold any envelope: one event, a whole stream, or a log of many calls. `received_at` is our clock, in
    microseconds since 1970 UTC.
    """

    data: bytes
    source: str
    received_at: int


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a response stream, or the request or response metadata recorded beside it.

    `raw` is one line of JSON that says itself what it is: the bytes as received where they were JSON (with the white
    space between tokens removed if they stood on several lines), re-encoded where they were a Python repr, and the
    payload under its member's name (`{"trace": …}`, `{"chunk": …}`, `{"throttlingException": …}`) where they were a
    binary frame. The request and the metadata of a recorded call stand under `{"request": …}` and `{"response": …}`.

    `event_id` (32 hex digits) is the hash of the canonical content and, for messages that may lawfully repeat, of the
    occurrence's number: the same message from two sources has one id, two equal chunks of a stream have two.

    `run_id` is the uuid (32 hex digits) of the agent run that the message names itself, None where it names none.
    `trace_id` (32 hex digits) is the run of the top agent as far as the record tells; a collaborator that arrives
    without its parent carries its own run here until the parent comes. `index` is the position in the record's stream:
    it only breaks ties where the content gives no order. `body` is `raw`, parsed; `part` is its TracePart where it is
    a trace.
    """

    kind: EventKind
    event_id: str
    run_id: str | None
    trace_id: str
    index: int
    raw: bytes
    body: dict[str, object]
    part: Part | None = None


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A piece that looks like a trace but cannot be read.

    `data` is the piece as received, cut to the limit `quarantine_bytes` (`size` and `sha256` tell of the whole).
    """

    reason: str
    data: bytes
    size: int
    sha256: str


def quarantined(reason: str, data: bytes, most: int) -> Quarantined:
    """The piece `data` with at most `most` bytes of it kept."""
    return Quarantined(reason=reason, data=data[:most], size=len(data), sha256=sha256(data).hexdigest())


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """What one record held. `records` pieces = those that gave events + `ignored` + len(`quarantined`)."""

    records: int
    events: tuple[Event, ...]
    ignored: int
    quarantined: tuple[Quarantined, ...]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on what is decoded; each is a setting of the same name with the prefix TRACEHUB_."""

    max_event_bytes: int = 4 * 1024 * 1024
    max_depth: int = 200
    max_document_bytes: int = 64 * 1024 * 1024
    max_decompression_ratio: int = 100
    quarantine_bytes: int = 1024 * 1024
