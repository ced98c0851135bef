"""A turn's waterfall: its rows one below the other, and the bars that stand beside them."""

from collections.abc import Sequence

import msgspec

from tracehub.model.listing import SpanRow
from tracehub.web.pages.axis import Axis
from tracehub.web.pages.folding import FoldLine, Folds, fold
from tracehub.web.pages.outline import Line, PhaseLine, RationaleLine, SpanLine, outline
from tracehub.web.pages.session_view import WHOLE, View, query_of
from tracehub.web.pages.sifting import HiddenLine, sifted
from tracehub.web.pages.waterfall_rows import Remarks, Row, RowWriter, extent

ROW_HEIGHT = 28
NO_REMARKS = Remarks()


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One rectangle in the lanes; `x` and `width` are per cent, `y` pixels from the first row's top."""

    classes: str
    x: str
    width: str
    y: int


class TurnFold(msgspec.Struct, frozen=True):
    """Folds all that can be folded in a turn, or opens it."""

    text: str
    href: str


class Waterfall(msgspec.Struct, frozen=True):
    """A turn's rows, its spans' bars and the brackets of phases and agents.

    `height` is that of all rows, `left_before` and `left_out` count the rows beyond the limit.
    """

    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    brackets: tuple[Bar, ...]
    height: int
    left_out: int
    left_before: int
    fold: TurnFold | None


def waterfall(
    spans: Sequence[SpanRow],
    axis: Axis | None,
    selected: str | None,
    limit: int | None,
    view: View = WHOLE,
    remarks: Remarks = NO_REMARKS,
) -> Waterfall:
    """The rows of a turn in the order of `outline`: of those that the view asks for `limit`, the selected step's among
    them."""
    outlined = list(outline(spans))
    folds = Folds(view, spans[0].trace_id if spans else "", outlined, selected)
    writer = RowWriter(axis, selected, view, remarks, folds)
    lines = list(sifted(fold(outlined, folds), spans, view, selected))
    begin, end = _window(lines, selected, limit)
    rows: list[Row] = []
    bars: list[Bar] = []
    brackets: list[Bar] = []
    y = 0
    for line in lines[begin:end]:
        height = 1
        match line:
            case SpanLine(span=span):
                rows.append(writer.step(line))
                _draw(brackets if span.kind == "agent" else bars, axis, span, y)
                _draw_all(bars, axis, line.folded, y)
            case RationaleLine():
                row, height = writer.why(line)
                rows.append(row)
            case PhaseLine():
                rows.append(writer.phase(line))
                _bracket(brackets, axis, *extent(line.spans), y)
            case FoldLine():
                rows.append(writer.fold(line))
                _draw_all(bars, axis, line.spans, y)
            case HiddenLine():
                rows.append(writer.hidden(line))
        y += height * ROW_HEIGHT
    return Waterfall(tuple(rows), tuple(bars), tuple(brackets), y, len(lines) - end, begin, _turn_fold(folds, view))


def _window(lines: Sequence[Line | FoldLine | HiddenLine], selected: str | None, limit: int | None) -> tuple[int, int]:
    """Which lines are drawn: the first ones, or those around the selected step."""
    if limit is None or len(lines) <= limit:
        return 0, len(lines)
    place = next((at for at, line in enumerate(lines) if _is_step(line, selected)), 0)
    begin = 0 if place < limit else min(place - limit // 2, len(lines) - limit)
    return begin, begin + limit


def _is_step(line: Line | FoldLine | HiddenLine, span_id: str | None) -> bool:
    return isinstance(line, SpanLine) and line.span.span_id == span_id


def _turn_fold(folds: Folds, view: View) -> TurnFold | None:
    if not folds.any:
        return None
    text = "Open all iterations" if folds.any_folded else "Fold iterations"
    other = msgspec.structs.replace(view, fold=folds.whole_turn(fold=not folds.any_folded))
    return TurnFold(text, f"?{query_of(other)}")


def _draw_all(bars: list[Bar], axis: Axis | None, spans: Sequence[SpanRow], y: int) -> None:
    """Bars in one row; those of errors last, so that they are never hidden."""
    for span in sorted(spans, key=lambda span: span.error_source is not None):
        if span.kind != "agent":
            _draw(bars, axis, span, y)


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
