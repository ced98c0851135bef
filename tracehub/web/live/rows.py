"""The rows of the Live page in words, and as HTML for those who follow."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from tracehub.model.listing import SpanRow
from tracehub.model.span import Outcome
from tracehub.web.live.feed import Step
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import tokens_in_out
from tracehub.web.pages.durations import between, duration
from tracehub.web.pages.labels import KINDS, Badge, agent_label, error_badge, outcome_badge
from tracehub.web.pages.moments import Moment, exact
from tracehub.web.pages.rendering import render_block
from tracehub.web.pages.short_names import span_name
from tracehub.web.pages.visible import one_line

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000


class LiveRow(msgspec.Struct, frozen=True, kw_only=True):
    """One step. `at` orders the rows; a step that changes keeps its `id`."""

    id: str
    at: int
    time: Moment | None
    kind: str
    label: str
    name: str
    note: str
    href: str
    agent: str
    session: str
    session_href: str
    duration: str
    badge: Badge | None


def rows_of(steps: Iterable[Step], now: int) -> tuple[LiveRow, ...]:
    """The rows, the newest first where `steps` has it last."""
    return tuple(_row(step, now) for step in steps)[::-1]


def rendered(steps: Iterable[Step], now: int) -> str:
    """The rows as the page has them."""
    return render_block("live.html", "steps", rows=rows_of(steps, now)).strip()


def _row(step: Step, now: int) -> LiveRow:
    span, trace = step.span, step.trace
    badge = error_badge(span.error_source)
    if badge is None and span.outcome is not Outcome.OK:
        badge = outcome_badge(span.outcome)
    lasted = between(span.started_at, span.ended_at)
    name, group = span_name(span)
    return LiveRow(
        id=f"l{span.trace_id}-{span.span_id}",
        at=step.written_at,
        time=_clock(span.started_at, now),
        kind=span.kind,
        label=KINDS.get(span.kind, span.kind),
        name=one_line(name, 100) or KINDS.get(span.kind, span.kind),
        note=_note(span, group),
        href=addresses.step(trace.session_id, span.trace_id, span.span_id),
        agent=one_line(agent_label(trace.agent_name, trace.agent_id, trace.inline), 60),
        session=one_line(trace.session_id, 60) if trace.session_reported else "session not reported",
        session_href=addresses.session(trace.session_id),
        duration=f"≈ {duration(lasted)}" if span.times_derived and lasted is not None else duration(lasted),
        badge=badge,
    )


def _note(span: SpanRow, group: str) -> str:
    if span.error_text:
        return one_line(span.error_text, 160)
    if span.kind == "model":
        used = tokens_in_out(span.input_tokens, span.output_tokens)
        return f"{used} tokens" if used else ""
    return one_line(" · ".join(part for part in (group, span.summary) if part), 160)


def _clock(at: int | None, now: int) -> Moment | None:
    """When it began: the time of today, or the day and the time."""
    moment = exact(at)
    if moment is None or at is None:
        return None
    began = _EPOCH + timedelta(microseconds=at)
    today = at // _DAY_US == now // _DAY_US
    text = f"{began:%H:%M:%S}.{began.microsecond // 1000:03d}" if today else f"{began:%Y-%m-%d %H:%M:%S}"
    return Moment(moment.iso, moment.full, text)
