"""The rows of the waterfall in words, so that the template only writes them down."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from tracehub.model.listing import SpanRow
from tracehub.model.span import Outcome
from tracehub.web.pages.amounts import counted, tokens_in_out
from tracehub.web.pages.axis import Axis
from tracehub.web.pages.durations import between, duration, offset
from tracehub.web.pages.folding import FoldLine, Folds, errors_in, interventions_in
from tracehub.web.pages.labels import KINDS, PHASES, Badge, error_badge, outcome_badge
from tracehub.web.pages.marks import Piece, holds, line_with, pieces
from tracehub.web.pages.outline import CALLS, PhaseLine, RationaleLine, SpanLine, Unit
from tracehub.web.pages.repeats import next_of
from tracehub.web.pages.session_view import View, everything, query_of
from tracehub.web.pages.short_names import span_name
from tracehub.web.pages.sifting import HiddenLine
from tracehub.web.pages.visible import one_line

_DEEPEST = 9
_RATIONALE_SHOWN = 420
_SUMMARY_SHOWN = 160
_LINE = 100


class Remarks(msgspec.Struct, frozen=True):
    """What is known of steps beyond their rows: those that hold what is looked for, and those that repeat a call, each
    with all that make it."""

    hits: Collection[str] = ()
    repeats: Mapping[str, Sequence[str]] = {}


class SideLink(msgspec.Struct, frozen=True, gc=False):
    """A link of a row beside that to its step: `form` is no (folds an iteration) or in (anything else)."""

    form: str
    href: str
    text: str
    title: str


class Row(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One line of the waterfall. `form` is phase, step, why (a rationale), fold (a folded iteration) or hidden (steps
    left out). `inside` tells what went wrong in what is folded."""

    form: str
    classes: str
    id: str = ""
    href: str = ""
    kind: str
    label: str = ""
    name: str = ""
    name_marks: tuple[Piece, ...] = ()
    note: str = ""
    note_marks: tuple[Piece, ...] = ()
    mark: str = ""
    tone: str = ""
    offset: str = ""
    duration: str = ""
    derived: bool = False
    inside: tuple[Badge, ...] = ()
    links: tuple[SideLink, ...] = ()


class RowWriter:
    """Writes the rows of one turn: their links keep the view, their times count from the axis's start."""

    def __init__(self, axis: Axis | None, selected: str | None, view: View, remarks: Remarks, folds: Folds) -> None:
        self._axis = axis
        self._selected = selected
        self._find = view.find
        self._hits = remarks.hits
        self._repeats = remarks.repeats
        self._view = view
        self._folds = folds
        query = query_of(view)
        self._state = f"{query}&" if query else ""
        self._everything = f"?{query_of(everything(view))}"

    def step(self, line: SpanLine) -> Row:
        """A span."""
        span = line.span
        badge = error_badge(span.error_source)
        if badge is None and span.outcome is not Outcome.OK:
            badge = outcome_badge(span.outcome)
        lasted = between(span.started_at, span.ended_at)
        name, group = span_name(span)
        shown = one_line(name, _SUMMARY_SHOWN)
        note = self._note(span, shown, _note(span, group))
        return Row(
            form="step",
            classes=self._classes(line),
            id=f"s{span.span_id}",
            href=self._href(span),
            kind=span.kind,
            label=KINDS.get(span.kind, span.kind),
            name=shown,
            name_marks=pieces(shown, self._find),
            note=note,
            note_marks=pieces(note, self._find),
            mark=f"{badge.mark} {badge.text}" if badge else "",
            tone=badge.tone if badge else "",
            offset=self._offset(span.started_at),
            duration=f"≈ {duration(lasted)}" if span.times_derived and lasted is not None else duration(lasted),
            derived=span.times_derived,
            inside=_inside(line.folded),
            links=tuple(self._links(line)),
        )

    def why(self, line: RationaleLine) -> tuple[Row, int]:
        """A rationale, and how many lines high it is."""
        height = min(1 + len(line.text) // _LINE, 3)
        shown = line_with(line.text, self._find, _RATIONALE_SHOWN)
        row = Row(
            form="why",
            classes=f"r w h{height} {_depth(line.depth)}",
            href=self._href(line.span),
            kind="why",
            label="Rationale",
            name=shown,
            name_marks=pieces(shown, self._find),
        )
        return row, height

    def phase(self, line: PhaseLine) -> Row:
        """The head of a phase."""
        began, ended = extent(line.spans)
        return Row(
            form="phase",
            classes=f"r p {_depth(line.depth)}",
            kind="phase",
            label=PHASES.get(line.phase, line.phase),
            note=counted(line.iterations, "iteration") if line.iterations > 1 else "",
            offset=self._offset(began),
            duration=duration(between(began, ended)),
        )

    def fold(self, line: FoldLine) -> Row:
        """A folded iteration."""
        began, ended = extent(line.spans)
        failed = " e" if errors_in(line.spans) else ""
        return Row(
            form="fold",
            classes=f"r fo {_depth(line.depth)}{failed}",
            id=f"s{line.spans[0].span_id}",
            href=self._switch(line.unit, line.spans[0]),
            kind="fold",
            name=f"Iteration {line.iteration}",
            note=one_line(" · ".join([counted(len(line.spans), "step"), *_called(line.spans)]), _SUMMARY_SHOWN),
            offset=self._offset(began),
            duration=duration(between(began, ended)),
            inside=_inside(line.spans),
        )

    def _links(self, line: SpanLine) -> Iterator[SideLink]:
        if line.iteration is not None:
            href = self._switch(line.units[-1], line.span)
            yield SideLink("no", href, str(line.iteration), f"Fold iteration {line.iteration}")
        if line.opens is not None:
            href = self._switch(line.opens, line.span)
            if line.folded:
                yield SideLink("in", href, f"+ {counted(len(line.folded), 'step')}", "Show what this agent did")
            else:
                yield SideLink("in", href, "− Fold", "Fold what this agent did")

        group = self._repeats.get(line.span.span_id)
        if group:
            other = next_of(line.span.span_id, group)
            href = f"?{self._state}step={line.span.trace_id}.{other}#s{other}"
            yield SideLink("in", href, f"×{len(group)} same call", "To the next call with the same input")

    def _switch(self, unit: Unit, span: SpanRow) -> str:
        other = msgspec.structs.replace(self._view, fold=self._folds.switched(unit))
        return f"?{query_of(other)}#s{span.span_id}"

    def hidden(self, line: HiddenLine) -> Row:
        """What stands for steps left out; it leads to them."""
        return Row(
            form="hidden",
            classes=f"r x {_depth(line.depth)}",
            href=f"{self._everything}#s{line.span.span_id}",
            kind="hidden",
            name=f"{counted(line.count, 'step')} hidden",
        )

    def _classes(self, line: SpanLine) -> str:
        span = line.span
        failed = " e" if span.error_source is not None else ""
        current = " cur" if span.span_id == self._selected else ""
        begins = " it" if line.iteration is not None or line.opens or span.span_id in self._repeats else ""
        hit = " hit" if span.span_id in self._hits else ""
        return f"r {_depth(line.depth)}{failed}{current}{begins}{hit}"

    def _note(self, span: SpanRow, name: str, note: str) -> str:
        """What the row says beside its name; of a hit that neither shows, the text around it."""
        if span.span_id not in self._hits or holds(name, self._find) or holds(note, self._find):
            return note
        texts = (span.error_text, span.error_type, span.summary, span.model_id, span.name)
        found = next((text for text in texts if holds(text, self._find)), None)
        return line_with(found, self._find, _SUMMARY_SHOWN) if found else note

    def _href(self, span: SpanRow) -> str:
        return f"?{self._state}step={span.trace_id}.{span.span_id}#s{span.span_id}"

    def _offset(self, started_at: int | None) -> str:
        return offset(started_at - self._axis.start if self._axis and started_at is not None else None)


def extent(spans: Sequence[SpanRow]) -> tuple[int | None, int | None]:
    """From the first start to the last end that are known."""
    starts = [span.started_at for span in spans if span.started_at is not None]
    ends = [span.ended_at for span in spans if span.ended_at is not None]
    return min(starts, default=None), max(ends, default=None)


def _inside(spans: Sequence[SpanRow]) -> tuple[Badge, ...]:
    errors, interventions = errors_in(spans), interventions_in(spans)
    badges = [Badge("✕", counted(errors, "error"), "err")] if errors else []
    return (*badges, Badge("◆", counted(interventions, "intervention"), "warn")) if interventions else tuple(badges)


def _called(spans: Sequence[SpanRow]) -> Iterator[str]:
    """The names of what was called, each once."""
    yield from dict.fromkeys(span_name(span)[0] for span in spans if span.kind in CALLS)


def _note(span: SpanRow, group: str) -> str:
    if span.kind == "model":
        used = tokens_in_out(span.input_tokens, span.output_tokens)
        return f"{used} tokens" if used else ""
    return one_line(" · ".join(part for part in (group, span.summary) if part), _SUMMARY_SHOWN)


def _depth(depth: int) -> str:
    return f"d{min(depth, _DEEPEST)}"
