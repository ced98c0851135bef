"""Find in a session: the hits in their order, and the way from one to the next."""

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import Connection

from tracehub.model.listing import StepHit, TraceRow
from tracehub.store import finding
from tracehub.web.pages.amounts import counted
from tracehub.web.pages.marks import holds
from tracehub.web.pages.outline import CALLS
from tracehub.web.pages.session_view import View, address_of, fields_of

MOST_HITS = 1000


class Hit(msgspec.Struct, frozen=True):
    """A step, or the question or answer of a turn where `span_id` is None."""

    trace_id: str
    span_id: str | None


class Find(msgspec.Struct, frozen=True, kw_only=True):
    """The form, what it found in words, and the hits beside the one that is shown."""

    text: str
    fields: tuple[tuple[str, str], ...]
    said: str
    before: str | None
    after: str | None
    without: str


def hits_of(connection: Connection, session_id: str, turns: Sequence[TraceRow], text: str) -> tuple[Hit, ...]:
    """The first hits in the order of the session; of a turn first its question and answer."""
    if not text:
        return ()
    steps: dict[str, list[StepHit]] = {}
    for step in _once(finding.steps_with(connection, session_id, text, limit=MOST_HITS)):
        steps.setdefault(step.trace_id, []).append(step)
    found: list[Hit] = []
    for turn in turns:
        if any(holds(said, text) for said in (turn.question, turn.answer, turn.error_text)):
            found.append(Hit(turn.trace_id, None))
        found += (Hit(step.trace_id, step.span_id) for step in steps.get(turn.trace_id, ()))
    return tuple(found[:MOST_HITS])


def find_of(href: str, view: View, hits: Sequence[Hit], number: int | None) -> Find:
    """What the page says of the hits; `number` is that of the one that is shown, from 1."""
    return Find(
        text=view.find,
        fields=fields_of(msgspec.structs.replace(view, find="")),
        said=_said(view, len(hits), number),
        before=_link(href, view, hits, number - 1 if number else 0) if hits else None,
        after=_link(href, view, hits, number + 1 if number else 1) if hits else None,
        without=address_of(href, msgspec.structs.replace(view, find="")),
    )


def number_of(hits: Sequence[Hit], selected: str | None, word: str) -> int | None:
    """The number of the hit that is shown: that of the selected step, else the one that the address names."""
    for number, hit in enumerate(hits, 1):
        if selected and hit.span_id == selected:
            return number
    number = int(word) if word.isascii() and word.isdigit() and len(word) < 6 else 0
    return number if 0 < number <= len(hits) and not selected else None


def _once(steps: Sequence[StepHit]) -> Iterator[StepHit]:
    """A rationale stands in the row of its model call too, but is shown once: before the first call it explains."""
    shown_before = {
        (step.trace_id, step.rationale) for step in steps if step.kind in CALLS and step.rationale is not None
    }
    said: set[tuple[str, str | None]] = set()
    for step in steps:
        why = (step.trace_id, step.rationale)
        if not step.own:
            if why in said or (step.kind not in CALLS and why in shown_before):
                continue
            said.add(why)
        yield step


def _said(view: View, hits: int, number: int | None) -> str:
    if not view.find:
        return ""
    if not hits:
        return "No hit"
    if number:
        return f"{number:,} of {_most(hits)}"
    return counted(hits, "hit") if hits < MOST_HITS else f"{_most(hits)} hits"


def _most(hits: int) -> str:
    return f"{hits:,}" if hits < MOST_HITS else f"{MOST_HITS:,}+"


def _link(href: str, view: View, hits: Sequence[Hit], number: int) -> str:
    place = (number - 1) % len(hits)
    hit = hits[place]
    values = {"hit": str(place + 1)}
    if hit.span_id is None:
        return f"{address_of(href, view, **values)}#t{hit.trace_id}"
    return f"{address_of(href, view, **values, step=f'{hit.trace_id}.{hit.span_id}')}#s{hit.span_id}"
