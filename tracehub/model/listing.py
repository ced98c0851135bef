"""What lists and timelines show: rows read from the store, and the filters that select them."""

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from tracehub.model.search.query import Query
from tracehub.model.span import Outcome


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions or traces. Values of one field are alternatives, fields must all match; empty is no condition.

    `since` and `until` bound the start, in microseconds since 1970 UTC (`since` included, `until` not). `tools` are
    tool names, `knowledge_bases` and `models` ids, `outcomes` those of a trace, `errors` only what has a reported or
    inferred tool error or has failed. `min_us` is the least duration (of a session: of its turns together), `min_cost`
    the least cost in US dollars; what has no known duration or cost does not match them;
    `q` what must be found in a trace's texts. `active_since` and `active_until` bound when a turn ran, whenever its
    session began.
    """

    agents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    tools: tuple[str, ...] = ()
    knowledge_bases: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    errors: bool = False
    min_us: int | None = None
    min_cost: float | None = None
    since: int | None = None
    until: int | None = None
    q: Query | None = None
    active_since: int | None = None
    active_until: int | None = None


class Key(msgspec.Struct, frozen=True, array_like=True):
    """Where a keyset page begins: after (or before) the row with this value of what orders the list, and this id."""

    value: int
    id: str


T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some rows, newest first, and the keys of the pages beside them; None where there is no more."""

    rows: tuple[T, ...]
    older: Key | None
    newer: Key | None


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One session as lists show it. Agent, alias, version and question are those of its first trace.

    Times are microseconds since 1970 UTC, None where AWS reported none; `ordered_at` is the start, or the receipt where
    the start is unknown. `working_us` sums the traces' durations. Token and cost sums are None where nothing was
    reported or priced; `calls_with_tokens` and `priced_calls` of `model_calls` tell how much they cover.
    """

    session_id: str
    session_reported: bool
    agent_id: str | None
    alias_id: str | None
    agent_version: str | None
    agent_name: str | None
    inline: bool
    ordered_at: int
    received_at: int
    started_at: int | None
    ended_at: int | None
    working_us: int | None
    question: str | None
    turns: int
    steps: int
    failed_turns: int
    blocked_turns: int
    incomplete_turns: int
    returned_turns: int
    errors_reported: int
    errors_inferred: int
    input_tokens: int | None
    output_tokens: int | None
    model_calls: int
    calls_with_tokens: int
    cost_usd: float | None
    priced_calls: int


class TraceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One trace as lists show it; question and answer are excerpts of at most 300 characters."""

    trace_id: str
    session_id: str
    session_reported: bool
    agent_id: str | None
    alias_id: str | None
    agent_version: str | None
    agent_name: str | None
    inline: bool
    ordered_at: int
    received_at: int
    started_at: int | None
    ended_at: int | None
    outcome: Outcome
    error_source: str | None
    error_type: str | None
    error_text: str | None
    missing: str | None
    question: str | None
    answer: str | None
    steps: int
    model_calls: int
    tool_calls: int
    errors_reported: int
    errors_inferred: int
    interventions: int
    input_tokens: int | None
    output_tokens: int | None
    calls_with_tokens: int
    cost_usd: float | None
    priced_calls: int
    answers: str | None
    event_count: int
    needs_reindex: bool


class SpanRow(msgspec.Struct, frozen=True, kw_only=True):
    """One span as timelines show it.

    `seq` counts a trace's spans in pre-order from 0, `parent_seq` is None at the root.

    `rationale` is the text that precedes the span (at most 2,000 characters), `summary` one line of its input or
    output.
    """

    trace_id: str
    seq: int
    span_id: str
    parent_seq: int | None
    depth: int
    kind: str
    phase: str | None
    name: str
    iteration: int | None
    agent_id: str | None
    alias_id: str | None
    agent_version: str | None
    started_at: int | None
    ended_at: int | None
    times_derived: bool
    outcome: Outcome
    error_source: str | None
    error_type: str | None
    error_text: str | None
    model_id: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    rationale: str | None
    summary: str | None


class StepCounts(msgspec.Struct, frozen=True, kw_only=True):
    """A session's steps by kind, and those of them with a reported or inferred error."""

    kinds: dict[str, int]
    errors: int


class StepHit(msgspec.Struct, frozen=True, kw_only=True):
    """A step in which a text was found: in what it is and did (`own`), else in its rationale."""

    trace_id: str
    span_id: str
    kind: str
    rationale: str | None
    own: bool


class ToolRow(msgspec.Struct, frozen=True, kw_only=True):
    """How one tool was used. Percentiles are milliseconds, at most 1 % off, None where no call had a known duration.

    `errors_reported` and `errors_inferred` are disjoint; `timed_calls` of `calls` had a duration.
    """

    tool: str
    calls: int
    traces: int
    errors_reported: int
    errors_inferred: int
    timed_calls: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    last_started_at: int | None


class SessionOrder(StrEnum):
    """By what sessions are ordered, the greatest first; what is unknown comes last."""

    STARTED = "started"
    DURATION = "duration"
    COST = "cost"
    STEPS = "steps"
    TURNS = "turns"
    TOKENS = "tokens"


class SessionBar(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions began in a stretch of time, and how many of them failed or have tool errors."""

    began_at: int
    sessions: int
    with_errors: int


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A list of sessions under a name; `query` is its query string."""

    name: str
    query: str


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """The values that filters can take, sorted."""

    agents: tuple[str, ...]
    aliases: tuple[str, ...]
    versions: tuple[str, ...]
    tools: tuple[str, ...]
    knowledge_bases: tuple[str, ...]
    models: tuple[str, ...]


class QuarantineRow(msgspec.Struct, frozen=True, kw_only=True):
    """One quarantined piece, without its bytes."""

    sha256: str
    received_at: int
    source: str
    reason: str
    size: int
    tries: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what was taken in: records = those with events + ignored + quarantined."""

    records: int = 0
    events: int = 0
    traces: int = 0
    duplicates: int = 0
    ignored: int = 0
    quarantined: int = 0
