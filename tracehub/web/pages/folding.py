"""Folds iterations and collaborators to one line each, which tells what it hides."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from tracehub.model.listing import SpanRow
from tracehub.model.span import Outcome
from tracehub.web.pages.outline import Line, SpanLine, Unit
from tracehub.web.pages.session_view import View

EVERYTHING = "all"


class FoldLine(msgspec.Struct, frozen=True):
    """A folded iteration, with its steps."""

    unit: Unit
    iteration: int | None
    spans: tuple[SpanRow, ...]
    depth: int


class Folds:
    """Which units of one turn are folded: all, or none, but those named; never one that holds the selected step."""

    def __init__(self, view: View, trace_id: str, lines: Sequence[Line], selected: str | None) -> None:
        self._names = view.fold
        self._trace_id = trace_id
        self._by_default = (EVERYTHING in view.fold) ^ (trace_id in view.fold)
        self._open = {unit for line in lines if _is(line, selected) for unit in line.units}
        self._units = {unit.name for line in lines for unit in (*line.units, *_headed(line))}

    def folded(self, unit: Unit) -> bool:
        """Whether this unit is one line."""
        return (unit.name in self._names) ^ self._by_default and unit not in self._open

    def switched(self, unit: Unit) -> frozenset[str]:
        """What is folded after this unit was opened or folded."""
        return self._names ^ {unit.name}

    @property
    def any(self) -> bool:
        """Whether the turn has anything to fold."""
        return bool(self._units)

    @property
    def any_folded(self) -> bool:
        """Whether anything in the turn may be folded."""
        return self._by_default or not self._units.isdisjoint(self._names)

    def whole_turn(self, *, fold: bool) -> frozenset[str]:
        """What is folded after all of this turn was."""
        named = self._names - self._units - {self._trace_id}
        return named | {self._trace_id} if fold is not (EVERYTHING in named) else named


def fold(lines: Iterable[Line], folds: Folds) -> Iterator[Line | FoldLine]:
    """The lines, with those of each folded unit in one: of the outermost where they nest."""
    unit: Unit | None = None
    head: SpanLine | None = None
    inside: list[SpanLine] = []
    for line in lines:
        outer = next((name for name in line.units if folds.folded(name)), None)
        if outer is None or outer != unit:
            yield from _one(unit, head, inside)
            unit, head, inside = outer, None, []
        if outer is not None:
            inside += [line] if isinstance(line, SpanLine) else []
        elif isinstance(line, SpanLine) and line.opens is not None and folds.folded(line.opens):
            unit, head = line.opens, line
        else:
            yield line
    yield from _one(unit, head, inside)


def errors_in(spans: Iterable[SpanRow]) -> int:
    """How many of these steps have an error."""
    return sum(span.error_source is not None for span in spans)


def interventions_in(spans: Iterable[SpanRow]) -> int:
    """How often a guardrail intervened in these steps."""
    return sum(span.kind == "guardrail" and span.outcome is Outcome.BLOCKED for span in spans)


def _one(unit: Unit | None, head: SpanLine | None, inside: list[SpanLine]) -> Iterator[Line | FoldLine]:
    spans = tuple(line.span for line in inside)
    if head is not None:
        yield msgspec.structs.replace(head, folded=spans)
    elif unit is not None and inside:
        yield FoldLine(unit, inside[0].iteration, spans, inside[0].depth)


def _is(line: Line, span_id: str | None) -> bool:
    return span_id is not None and isinstance(line, SpanLine) and line.span.span_id == span_id


def _headed(line: Line) -> tuple[Unit, ...]:
    return (line.opens,) if isinstance(line, SpanLine) and line.opens else ()
