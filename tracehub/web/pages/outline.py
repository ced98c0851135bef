"""The order in which a turn's spans are shown: phases around them, rationales before the calls they explain."""

from collections.abc import Iterator, Sequence

import msgspec

from tracehub.model.listing import SpanRow

CALLS = ("tool", "code", "retrieval", "agent")
_GROUPED = ("pre_processing", "routing", "orchestration", "post_processing")


class Unit(msgspec.Struct, frozen=True):
    """Lines that belong together: an iteration, or what a collaborator did. Its name is unique in a session."""

    name: str


class PhaseLine(msgspec.Struct, frozen=True):
    """Heads the spans of one phase of one agent."""

    phase: str
    depth: int
    iterations: int
    spans: tuple[SpanRow, ...]
    units: tuple[Unit, ...] = ()


class SpanLine(msgspec.Struct, frozen=True):
    """One span; `iteration` is set on the first span of an iteration where the phase has several.

    `units` are those it stands in, the outermost first; `opens` is the one that follows a collaborator's line, and
    `folded` are the steps of it where it is folded away.
    """

    span: SpanRow
    depth: int
    iteration: int | None
    units: tuple[Unit, ...] = ()
    opens: Unit | None = None
    folded: tuple[SpanRow, ...] = ()


class RationaleLine(msgspec.Struct, frozen=True):
    """Why the model did what follows, or, where no call follows, what it answered right before."""

    text: str
    span: SpanRow
    depth: int
    units: tuple[Unit, ...] = ()


Line = PhaseLine | SpanLine | RationaleLine


def outline(spans: Sequence[SpanRow]) -> Iterator[Line]:
    """The lines of a turn. The root span is the turn itself and has no line."""
    if not spans:
        return
    children: dict[int | None, list[SpanRow]] = {}
    for span in spans[1:]:
        children.setdefault(span.parent_seq, []).append(span)
    if spans[0].rationale:
        yield RationaleLine(spans[0].rationale, spans[0], 0)
    yield from _below(spans[0], children, 0, ())


def _below(
    agent: SpanRow, children: dict[int | None, list[SpanRow]], depth: int, units: tuple[Unit, ...]
) -> Iterator[Line]:
    siblings = children.get(agent.seq, [])
    for phase, members in _phases(siblings):
        if phase is None:
            yield from _lines(members, children, depth, units)
            continue
        numbers = {span.iteration for span in members if span.iteration is not None}
        yield PhaseLine(phase, depth, len(numbers), tuple(members), units)
        yield from _lines(members, children, depth + 1, units, numbered=len(numbers) > 1)


def _lines(
    members: list[SpanRow],
    children: dict[int | None, list[SpanRow]],
    depth: int,
    around: tuple[Unit, ...],
    *,
    numbered: bool = False,
) -> Iterator[Line]:
    units = around
    said: str | None = None
    iteration: int | None = None
    for place, span in enumerate(members):
        begins = numbered and span.iteration is not None and span.iteration != iteration
        if span.iteration is not None and span.iteration != iteration:
            iteration, said = span.iteration, None
        if begins:
            units = (*around, Unit(span.span_id))
        if span.kind in CALLS and span.rationale and span.rationale != said:
            said = span.rationale
            yield RationaleLine(said, span, depth, units)
        inside = Unit(f"{span.span_id}-inside") if span.seq in children else None
        yield SpanLine(span, depth, span.iteration if begins else None, units, inside)
        if span.kind == "model" and span.rationale and not _explains_a_call(span, members, place):
            said = span.rationale
            yield RationaleLine(said, span, depth, units)
        if inside is not None:
            yield from _below(span, children, depth + 1, (*units, inside))


def _explains_a_call(model: SpanRow, members: list[SpanRow], place: int) -> bool:
    for later in members[place + 1 :]:
        if later.kind == "model":
            return False
        if later.kind in CALLS:
            return later.rationale == model.rationale
    return False


def _phases(siblings: list[SpanRow]) -> Iterator[tuple[str | None, list[SpanRow]]]:
    """Neighbours of one phase together. What stands between two spans of a phase belongs there, guardrails too."""
    named = [span.phase if span.phase in _GROUPED else None for span in siblings]
    following: str | None = None
    after: list[str | None] = [None] * len(named)
    for place in range(len(named) - 1, -1, -1):
        after[place] = following = named[place] or following
    current: str | None = None
    group: list[SpanRow] = []
    for span, name, later in zip(siblings, named, after, strict=True):
        phase = name or (current if current == later else None)
        if group and phase != current:
            yield current, group
            group = []
        current = phase
        group.append(span)
    if group:
        yield current, group
