"""A session's turns as its page shows them."""

from collections.abc import Mapping, Sequence

import msgspec

from tracehub.model.listing import SpanRow, TraceRow
from tracehub.model.span import Outcome
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import counted, money, tokens_in_out
from tracehub.web.pages.axis import Axis, Tick, axis_of, ticks
from tracehub.web.pages.copies import Copy, copies_of_turn
from tracehub.web.pages.durations import between, duration, offset
from tracehub.web.pages.labels import Badge, outcome_badge
from tracehub.web.pages.marks import Piece, pieces
from tracehub.web.pages.moments import Moment, exact
from tracehub.web.pages.session_view import WHOLE, View, query_of
from tracehub.web.pages.split import Part, in_words, split_of
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.pages.waterfall import NO_REMARKS, Waterfall, waterfall
from tracehub.web.pages.waterfall_rows import Remarks


class Exchange(msgspec.Struct, frozen=True):
    """The other side of a return of control: who it is, and its page where it is known."""

    text: str
    link_text: str | None
    href: str | None


class Gap(msgspec.Struct, frozen=True):
    """A pause on the axis of the session. `x` and `width` are per cent."""

    offset: str
    x: str
    width: str


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the agent. `waterfall` is None where its steps are fetched when it is opened."""

    number: int
    trace_id: str
    open: bool
    question: str | None
    question_marks: tuple[Piece, ...]
    answer: str | None
    answer_marks: tuple[Piece, ...]
    started: Moment | None
    duration: str
    steps: str
    badges: tuple[Badge, ...]
    tokens: str
    cost: str
    missing: str | None
    error: str | None
    exchanges: tuple[Exchange, ...]
    untimed: bool
    split: tuple[Part, ...]
    split_words: str
    ticks: tuple[Tick, ...]
    waterfall: Waterfall | None
    root_id: str | None
    overview: str | None
    fragment: str
    alone: str
    events: str
    copies: tuple[Copy, ...]
    pause: str | None
    until: str
    gap: Gap | None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn of a session's turns: the loaded spans, the step in the panel, the most rows of a turn.

    `first` is the number of the first turn.
    `axis` is that of the session where the turns share one.
    """

    first: int = 1

    spans: Mapping[str, tuple[SpanRow, ...]]
    exchanges: Mapping[str, tuple[Exchange, ...]]
    open_turns: frozenset[str]
    selected: str | None
    row_limit: int | None
    view: View = WHOLE
    remarks: Remarks = NO_REMARKS
    axis: Axis | None = None


def turns_of(session_id: str, traces: Sequence[TraceRow], shown: Shown) -> tuple[Turn, ...]:
    """The turns in order, each with the pause until the next one."""
    following = [*traces[1:], None]
    return tuple(
        _turn(session_id, number, trace, later, shown)
        for number, (trace, later) in enumerate(zip(traces, following, strict=True), shown.first)
    )


def _turn(session_id: str, number: int, trace: TraceRow, later: TraceRow | None, shown: Shown) -> Turn:
    spans = shown.spans.get(trace.trace_id)
    axis = axis_of(trace.started_at, trace.ended_at)
    lanes = shown.axis if shown.axis and axis else axis
    split = split_of(spans, axis) if spans and axis else ()
    root_id = spans[0].span_id if spans else None
    query = query_of(shown.view)
    question = one_line(trace.question, 300) if trace.question else None
    answer = one_line(trace.answer, 300) if trace.answer else None
    return Turn(
        number=number,
        trace_id=trace.trace_id,
        open=trace.trace_id in shown.open_turns,
        question=question,
        question_marks=pieces(question or "", shown.view.find),
        answer=answer,
        answer_marks=pieces(answer or "", shown.view.find),
        started=exact(trace.started_at),
        duration=duration(between(trace.started_at, trace.ended_at)),
        steps=counted(trace.steps, "step"),
        badges=turn_badges(trace),
        tokens=tokens_in_out(trace.input_tokens, trace.output_tokens),
        cost=money(trace.cost_usd, trace.model_calls),
        missing=visible(trace.missing) if trace.missing else None,
        error=turn_error(trace),
        exchanges=shown.exchanges.get(trace.trace_id, ()),
        untimed=axis is None and trace.steps > 0,
        split=split,
        split_words=in_words(split),
        ticks=ticks(lanes) if lanes else (),
        waterfall=waterfall(spans, lanes, shown.selected, shown.row_limit, shown.view, shown.remarks)
        if spans is not None
        else None,
        root_id=root_id,
        overview=addresses.step(session_id, trace.trace_id, root_id, query) if root_id else None,
        fragment=addresses.turn_fragment(session_id, trace.trace_id, query),
        alone=addresses.turn(session_id, trace.trace_id, query),
        events=addresses.events(trace.trace_id),
        copies=copies_of_turn(session_id, trace.trace_id, inline=trace.inline),
        pause=pause_between(trace, later),
        until=until_of(trace, later),
        gap=_gap(trace, later, shown.axis) if shown.axis else None,
    )


def turn_badges(trace: TraceRow) -> tuple[Badge, ...]:
    """How the turn ended, and what went wrong on the way."""
    badges = [outcome_badge(trace.outcome)]
    if trace.errors_reported:
        badges.append(Badge("✕", counted(trace.errors_reported, "error"), "err"))
    if trace.errors_inferred:
        badges.append(Badge("✕", f"{trace.errors_inferred:,} inferred", "soft"))
    if trace.interventions and trace.outcome is not Outcome.BLOCKED:
        badges.append(Badge("◆", counted(trace.interventions, "intervention"), "warn"))
    return tuple(badges[1:] if len(badges) > 1 and trace.outcome is Outcome.OK else badges)


def turn_error(trace: TraceRow) -> str | None:
    """What AWS, or the call itself, reported to have gone wrong; None where nothing did."""
    if trace.error_source is None:
        return None
    said = f": {visible(trace.error_text)}" if trace.error_text else ""
    return f"{visible(trace.error_type or 'error')}, {trace.error_source}{said}"


def until_of(trace: TraceRow, later: TraceRow | None) -> str:
    """What the pause after a turn waits for."""
    if trace.outcome is Outcome.RETURNED_CONTROL and later is not None and later.answers:
        return "waiting for the caller, to whom control was returned"
    return "until the next turn"


def pause_between(trace: TraceRow, later: TraceRow | None) -> str | None:
    """How long nobody called the agent; None where unknown, or where the next turn began before."""
    lasted = between(trace.ended_at, later.started_at) if later else None
    return duration(lasted) if lasted is not None and lasted > 0 else None


def _gap(trace: TraceRow, later: TraceRow | None, axis: Axis) -> Gap | None:
    if later is None or trace.ended_at is None or later.started_at is None or later.started_at <= trace.ended_at:
        return None
    x, width = axis.place(trace.ended_at, later.started_at)
    return Gap(offset(trace.ended_at - axis.start), x, width)
