"""What the store knows of exporting: how a destination is doing, and what became of each trace there."""

from enum import StrEnum

import msgspec


class ExportState(StrEnum):
    """Where a trace stands at one destination. Pending ones wait for their time or their turn."""

    PENDING = "pending"
    SENDING = "sending"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    PARTIALLY_REJECTED = "partially_rejected"
    REJECTED = "rejected"
    TOO_LARGE = "too_large"
    EXPIRED = "expired"


ENDED = frozenset(
    {
        ExportState.DELIVERED,
        ExportState.PARTIALLY_REJECTED,
        ExportState.REJECTED,
        ExportState.TOO_LARGE,
        ExportState.EXPIRED,
    }
)


class DestinationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A declared destination: `declaration` is JSON in the words of the configuration file, `declared_in` is `file` or
    `ui`, `secrets` are sealed header values by the header's name in lower case.

    `paused` is a person's wish, `stopped_reason` why the sender stopped by itself until a person resumes. After
    `failures` in a row nothing is tried before `retry_at`. All counts are since it was declared; `per_minute` are the
    spans delivered in the last whole minute before the one that something was delivered in. Times are microseconds
    since 1970 UTC.
    """

    name: str
    declaration: str
    secrets: dict[str, bytes]
    declared_in: str
    created_at: int
    generation: int
    paused: bool
    stopped_reason: str | None
    stopped_at: int | None
    failures: int
    retry_at: int
    last_error: str | None
    last_error_at: int | None
    last_delivered_at: int | None
    requests: int
    delivered_traces: int
    delivered_spans: int
    rejected_traces: int
    rejected_spans: int
    too_large_traces: int
    expired_traces: int
    dropped_traces: int
    per_minute: int

    @property
    def stands_still(self) -> bool:
        """Whether nothing is sent there until a person resumes it."""
        return self.paused or self.stopped_reason is not None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A destination, and what waits for it now: `held` are traces that are not complete yet, `pending` those whose turn
    comes, `sending` those that somebody sends now. `oldest_due_at` is since when the oldest of the due ones waits
    (microseconds since 1970 UTC), None where none is due. `per_minute` is None where nothing was delivered lately."""

    destination: DestinationRow
    held: int
    pending: int
    sending: int
    retrying: int
    oldest_due_at: int | None
    per_minute: int | None


class ExportRow(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one trace at one destination. `settled_spans` were acknowledged, or refused for good, of which
    `rejected_spans` are known to be refused. `last_error` is in full, a receiver's words and hostile."""

    trace_id: str
    destination: str
    state: ExportState
    attempts: int
    settled_spans: int
    rejected_spans: int
    enqueued_at: int
    due_at: int
    next_at: int | None
    delivered_at: int | None
    failed_at: int | None
    last_error: str | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A trace that is to go to a destination at `due_at`. `digest` names its spans (32 hex digits), `started_at` is the
    time of the oldest of them. `forced` ones are sent whatever filter and sampling say."""

    trace_id: str
    destination: str
    digest: str
    started_at: int
    due_at: int
    forced: bool = False


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A trace that one worker sends now. Whoever has no longer the newest `claim` must write nothing for it."""

    trace_id: str
    claim: int
    generation: int
    settled: bytes
    attempts: int
    faults: int
    started_at: int
    due_at: int
    forced: bool
    delivered_before: bool


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker found out about a claimed trace: `settled` are all span ids that are done with, 8 bytes each,
    `delivered_spans` and `rejected_spans` what this step adds. SENDING says that more of it follows at once.

    Of PENDING and RETRYING, `next_at` tells when; `faults` counts the answers of status 500 in a row.
    """

    trace_id: str
    claim: int
    generation: int
    state: ExportState
    settled: bytes
    delivered_spans: int = 0
    rejected_spans: int = 0
    error: str | None = None
    next_at: int | None = None
    faults: int = 0


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came back of a test trace, a receiver's words and hostile; `remedy` is what to do where it went wrong."""

    went_well: bool
    said: str
    remedy: str | None = None
