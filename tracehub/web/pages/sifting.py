"""Leaves out the lines that a view does not ask for; errors and the path to them always stay."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from tracehub.model.listing import SpanRow
from tracehub.web.pages.folding import FoldLine
from tracehub.web.pages.outline import Line, PhaseLine, RationaleLine, SpanLine
from tracehub.web.pages.session_view import View


class HiddenLine(msgspec.Struct, frozen=True):
    """Stands for neighbouring steps that are left out, from `span` on."""

    count: int
    span: SpanRow
    depth: int


def sifted(
    lines: Iterable[Line | FoldLine], spans: Sequence[SpanRow], view: View, selected: str | None
) -> Iterator[Line | FoldLine | HiddenLine]:
    """The lines that the view asks for, and one for each run of steps it does not; the selected step stays."""
    if not view.partial:
        yield from lines
        return
    shown = _shown(spans, view, selected)
    hidden: list[SpanLine | FoldLine] = []
    for line in lines:
        match line:
            case SpanLine(span=span) if span.seq not in shown:
                hidden.append(line)
                continue
            case FoldLine(spans=members) if shown.isdisjoint(span.seq for span in members):
                hidden.append(line)
                continue
            case RationaleLine(span=span) if span.seq not in shown:
                continue
            case PhaseLine(spans=members) if shown.isdisjoint(span.seq for span in members):
                continue
        yield from _stand_in(hidden)
        hidden.clear()
        yield line
    yield from _stand_in(hidden)


def _shown(spans: Sequence[SpanRow], view: View, selected: str | None) -> set[int]:
    """The steps asked for with all that stand above them; `spans` are in pre-order."""
    shown: set[int] = set()
    for span in reversed(spans):
        if span.seq in shown or span.span_id == selected or _asked(span, view):
            shown.add(span.seq)
            if span.parent_seq is not None:
                shown.add(span.parent_seq)
    return shown


def _asked(span: SpanRow, view: View) -> bool:
    if span.error_source is not None:
        return True
    return not view.errors and (view.kinds is None or span.kind in view.kinds)


def _stand_in(hidden: list[SpanLine | FoldLine]) -> Iterator[HiddenLine]:
    spans = [span for line in hidden for span in _spans(line)]
    if spans:
        yield HiddenLine(len(spans), spans[0], hidden[0].depth)


def _spans(line: SpanLine | FoldLine) -> tuple[SpanRow, ...]:
    return line.spans if isinstance(line, FoldLine) else (line.span, *line.folded)
