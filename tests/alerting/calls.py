"""Calls of tools at chosen times, stored as rows without events: what rules are tested on."""

from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from tracehub.pipeline.adding_up import catch_up
from tracehub.pipeline.rows import SPAN_COLUMNS, TRACE_COLUMNS
from tracehub.store import spans, traces
from tracehub.store.database import Database
from tracehub.store.latency import bucket_of

MINUTE = 60_000_000
# A Monday, 00:00 UTC.
BEGIN = 1_790_553_600_000_000


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One turn with one call of a tool, `at` microseconds after BEGIN."""

    at: int
    tool: str = "Orders__refund"
    error: str | None = None
    agent: str | None = "AGENT1"
    alias: str | None = "LIVE"
    version: str | None = "1"
    lasted_ms: int = 200
    outcome: str = "ok"
    number: int = 0


def turns(since: int, until: int, *, every: int = MINUTE, failing: int = 0, **fields: object) -> list[Turn]:
    """One turn `every` so often from `since` to `until`; of a hundred in a row the first `failing` fail."""
    found = []
    for number, at in enumerate(range(since, until, every)):
        error = "reported" if number * 37 % 100 < failing else None
        found.append(Turn(at=at, error=error, **fields))  # type: ignore[arg-type]
    return found


def keep(database: Database, found: Iterable[Turn], *, late: bool = False, add_up: bool = True) -> None:
    """Stores the turns as rows, as if each came when it was made, or `late` all of them now; and adds them up."""
    trace_rows, span_rows = [], []
    written: dict[str, int] = {}
    for turn in found:
        if not late:
            written[_id(turn).hex()] = BEGIN + turn.at
        trace_rows.append(_trace_row(turn))
        span_rows += [_span_row(turn, 0), _span_row(turn, 1)]
    with database.writing() as connection:
        traces.add(connection, TRACE_COLUMNS, trace_rows, written)
        spans.add(connection, SPAN_COLUMNS, span_rows)
    if add_up:
        catch_up(database)


def _id(turn: Turn) -> bytes:
    return blake2b(msgspec.json.encode(turn), digest_size=16).digest()


def _trace_row(turn: Turn) -> tuple[object, ...]:
    at = BEGIN + turn.at
    values: dict[str, object] = dict.fromkeys(TRACE_COLUMNS)
    values |= dict.fromkeys(
        ("steps", "model_calls", "errors_reported", "errors_inferred", "interventions", "calls_with_tokens"), 0
    )
    values |= {
        "project_id": "default",
        "trace_id": _id(turn),
        "session_id": _id(turn).hex(),
        "session_reported": True,
        "agent_id": turn.agent,
        "alias_id": turn.alias,
        "agent_version": turn.version,
        "inline": False,
        "ordered_at": at,
        "received_at": at,
        "started_at": at,
        "ended_at": at + turn.lasted_ms * 1000,
        "outcome": turn.outcome,
        "tool_calls": 1,
        "errors_reported": int(turn.error == "reported"),
        "errors_inferred": int(turn.error == "inferred"),
        "priced_calls": 0,
        "event_count": 1,
        "parser_version": 1,
        "needs_reindex": False,
    }
    return tuple(values[name] for name in TRACE_COLUMNS)


def _span_row(turn: Turn, seq: int) -> tuple[object, ...]:
    at = BEGIN + turn.at
    values: dict[str, object] = dict.fromkeys(SPAN_COLUMNS)
    values |= {
        "project_id": "default",
        "trace_id": _id(turn),
        "seq": seq,
        "span_id": _id(turn)[:8],
        "parent_seq": 0 if seq else None,
        "depth": seq,
        "kind": "tool" if seq else "agent",
        "name": turn.tool if seq else "",
        "started_at": at,
        "ended_at": at + turn.lasted_ms * 1000,
        "times_derived": False,
        "latency_bucket": bucket_of(turn.lasted_ms * 1000),
        "outcome": ("failed" if turn.error else "ok") if seq else turn.outcome,
        "error_source": turn.error if seq else None,
        "error_text": "the order is unknown" if turn.error and seq else None,
        "summary": f"order=A-{turn.at // MINUTE}" if seq else None,
        "input_bytes": 5 if seq else None,
    }
    return tuple(values[name] for name in SPAN_COLUMNS)
