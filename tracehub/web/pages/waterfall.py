"""A turn's waterfall: its rows one below the other, and the bars that stand beside them."""

from collections.abc import Sequence

import msgspec

from tracehub.model.listing import SpanRow
from tracehub.web.pages.axis import Axis
from tracehub.web.pages.outline import PhaseLine, RationaleLine, SpanLine, outline
from tracehub.web.pages.session_view import WHOLE, View
from tracehub.web.pages.sifting import HiddenLine, sifted
from tracehub.web.pages.waterfall_rows import Row, RowWriter, extent

ROW_HEIGHT = 28


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


def waterfall(
    spans: Sequence[SpanRow], axis: Axis | None, selected: str | None, limit: int | None, view: View = WHOLE
) -> Waterfall:
    """The rows of a turn in the order of `outline`, the first `limit` of those that the view asks for."""
    writer = RowWriter(axis, selected, view)
    rows: list[Row] = []
    bars: list[Bar] = []
    brackets: list[Bar] = []
    y = left_out = 0
    for line in sifted(outline(spans), spans, view, selected):
        if limit is not None and len(rows) >= limit:
            left_out += 1
            continue
        height = 1
        match line:
            case SpanLine(span=span):
                rows.append(writer.step(line))
                _draw(brackets if span.kind == "agent" else bars, axis, span, y)
            case RationaleLine():
                row, height = writer.why(line)
                rows.append(row)
            case PhaseLine():
                rows.append(writer.phase(line))
                _bracket(brackets, axis, *extent(line.spans), y)
            case HiddenLine():
                rows.append(writer.hidden(line))
        y += height * ROW_HEIGHT
    return Waterfall(tuple(rows), tuple(bars), tuple(brackets), y, left_out)


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
