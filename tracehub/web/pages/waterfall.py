"""The rows and bars of one turn, computed so that the template only writes them down."""

from collections.abc import Sequence

import msgspec

from tracehub.model.listing import SpanRow
from tracehub.model.span import Outcome
from tracehub.web.pages.amounts import counted, tokens_in_out
from tracehub.web.pages.axis import Axis
from tracehub.web.pages.durations import between, duration, offset
from tracehub.web.pages.labels import KINDS, PHASES, error_badge, outcome_badge
from tracehub.web.pages.outline import PhaseLine, RationaleLine, SpanLine, outline
from tracehub.web.pages.short_names import span_name
from tracehub.web.pages.visible import one_line

ROW_HEIGHT = 28
_DEEPEST = 9
_RATIONALE_SHOWN = 420
_SUMMARY_SHOWN = 160
_LINE = 100


class Row(msgspec.Struct, frozen=True, gc=False):
    """One line of the waterfall. `form` is phase, step or why (a rationale)."""

    form: str
    classes: str
    id: str
    href: str
    kind: str
    label: str
    name: str
    note: str
    mark: str
    tone: str
    iteration: int | None
    offset: str
    duration: str
    derived: bool


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One rectangle in the lanes; `x` and `width` are per cent, `y` pixels from the first row's top."""

    classes: str
    x: str
    width: str
    y: int


class Waterfall(msgspec.Struct, frozen=True):
    """A turn's rows, its spans' bars and the brackets of phases and agents.

    `height` is that of all rows, `left_out` counts the rows beyond the limit.
    """

    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    brackets: tuple[Bar, ...]
    height: int
    left_out: int


def waterfall(spans: Sequence[SpanRow], axis: Axis | None, selected: str | None, limit: int | None) -> Waterfall:
    """The rows of a turn in the order of `outline`, the first `limit` of them."""
    rows: list[Row] = []
    bars: list[Bar] = []
    brackets: list[Bar] = []
    y = left_out = 0
    for line in outline(spans):
        if limit is not None and len(rows) >= limit:
            left_out += 1
            continue
        height = 1
        match line:
            case SpanLine(span=span):
                rows.append(_step(span, line, axis, span.span_id == selected))
                _draw(brackets if span.kind == "agent" else bars, axis, span, y)
            case RationaleLine():
                height = min(1 + len(line.text) // _LINE, 3)
                rows.append(_why(line, height))
            case PhaseLine():
                began, ended = _extent(line.spans)
                rows.append(_phase(line, axis, began, ended))
                _bracket(brackets, axis, began, ended, y)
        y += height * ROW_HEIGHT
    return Waterfall(tuple(rows), tuple(bars), tuple(brackets), y, left_out)


def _step(span: SpanRow, line: SpanLine, axis: Axis | None, current: bool) -> Row:
    badge = error_badge(span.error_source)
    if badge is None and span.outcome is not Outcome.OK:
        badge = outcome_badge(span.outcome)
    failed = span.error_source is not None
    classes = f"r d{min(line.depth, _DEEPEST)}{' e' if failed else ''}{' cur' if current else ''}"
    if line.iteration is not None:
        classes += " it"
    lasted = between(span.started_at, span.ended_at)
    name, group = span_name(span)
    return Row(
        form="step",
        classes=classes,
        id=f"s{span.span_id}",
        href=_href(span),
        kind=span.kind,
        label=KINDS.get(span.kind, span.kind),
        name=one_line(name, _SUMMARY_SHOWN),
        note=_note(span, group),
        mark=f"{badge.mark} {badge.text}" if badge else "",
        tone=badge.tone if badge else "",
        iteration=line.iteration,
        offset=_offset(span.started_at, axis),
        duration=f"≈ {duration(lasted)}" if span.times_derived and lasted is not None else duration(lasted),
        derived=span.times_derived,
    )


def _note(span: SpanRow, group: str) -> str:
    if span.kind == "model":
        used = tokens_in_out(span.input_tokens, span.output_tokens)
        return f"{used} tokens" if used else ""
    return one_line(" · ".join(part for part in (group, span.summary) if part), _SUMMARY_SHOWN)


def _why(line: RationaleLine, height: int) -> Row:
    return Row(
        form="why",
        classes=f"r w h{height} d{min(line.depth, _DEEPEST)}",
        id="",
        href=_href(line.span),
        kind="why",
        label="Rationale",
        name=one_line(line.text, _RATIONALE_SHOWN),
        note="",
        mark="",
        tone="",
        iteration=None,
        offset="",
        duration="",
        derived=False,
    )


def _phase(line: PhaseLine, axis: Axis | None, began: int | None, ended: int | None) -> Row:
    return Row(
        form="phase",
        classes=f"r p d{min(line.depth, _DEEPEST)}",
        id="",
        href="",
        kind="phase",
        label=PHASES.get(line.phase, line.phase),
        name="",
        note=counted(line.iterations, "iteration") if line.iterations > 1 else "",
        mark="",
        tone="",
        iteration=None,
        offset=_offset(began, axis),
        duration=duration(between(began, ended)),
        derived=False,
    )


def _offset(started_at: int | None, axis: Axis | None) -> str:
    return offset(started_at - axis.start if axis and started_at is not None else None)


def _extent(spans: Sequence[SpanRow]) -> tuple[int | None, int | None]:
    starts = [span.started_at for span in spans if span.started_at is not None]
    ends = [span.ended_at for span in spans if span.ended_at is not None]
    return min(starts, default=None), max(ends, default=None)


def _href(span: SpanRow) -> str:
    return f"?step={span.trace_id}.{span.span_id}#s{span.span_id}"


def _draw(bars: list[Bar], axis: Axis | None, span: SpanRow, y: int) -> None:
    if axis is None or span.started_at is None or span.ended_at is None:
        return
    if span.kind == "agent":
        _bracket(bars, axis, span.started_at, span.ended_at, y)
        return
    x, width = axis.place(span.started_at, span.ended_at)
    tone = "f-err" if span.error_source else f"f-{span.kind}"
    hollow = " hollow" if span.times_derived else ""
    bars.append(Bar(f"{tone}{hollow}", x, width, y + 8))


def _bracket(bars: list[Bar], axis: Axis | None, began: int | None, ended: int | None, y: int) -> None:
    if axis is None or began is None or ended is None:
        return
    x, width = axis.place(began, ended)
    bars.append(Bar("f-box", x, width, y + 12))
