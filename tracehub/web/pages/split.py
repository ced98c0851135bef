"""Where a turn's time went: model, tools, knowledge, code, guardrails, and what nothing accounts for."""

from collections.abc import Iterable

import msgspec

from tracehub.model.listing import SpanRow
from tracehub.web.pages.amounts import share
from tracehub.web.pages.axis import Axis
from tracehub.web.pages.durations import duration

_NAMES = {
    "model": "Model",
    "tool": "Tools",
    "code": "Code",
    "retrieval": "Knowledge",
    "guardrail": "Guardrails",
}
REST = "rest"


class Part(msgspec.Struct, frozen=True):
    """One share of the time. `x` and `width` are per cent of the bar."""

    kind: str
    name: str
    duration: str
    share: str
    x: str
    width: str


def split_of(spans: Iterable[SpanRow], axis: Axis) -> tuple[Part, ...]:
    """The shares, which sum to the turn's duration: of spans that overlap, the time goes to the one begun first."""
    timed = [
        (span.started_at, span.ended_at, span.kind)
        for span in spans
        if span.started_at is not None and span.ended_at is not None and span.kind in _NAMES
    ]
    timed.sort()
    spent = dict.fromkeys(_NAMES, 0)
    reached, end = axis.start, axis.start + axis.length
    for started_at, ended_at, kind in timed:
        begin, stop = max(started_at, reached), min(ended_at, end)
        if stop > begin:
            spent[kind] += stop - begin
            reached = stop
    shares = [(kind, _NAMES[kind], spent[kind]) for kind in _NAMES if spent[kind]]
    rest = axis.length - sum(spent.values())
    if rest > 0:
        shares.append((REST, "Unaccounted", rest))
    return _parts(shares, axis.length)


def in_words(parts: tuple[Part, ...]) -> str:
    """`Model 62 %, Tools 30 %, Unaccounted 8 %`."""
    return ", ".join(f"{part.name} {part.share}" for part in parts)


def _parts(shares: list[tuple[str, str, int]], whole: int) -> tuple[Part, ...]:
    parts: list[Part] = []
    before = 0
    for kind, name, spent in shares:
        x, width = f"{before * 100 / whole:.2f}", f"{spent * 100 / whole:.2f}"
        parts.append(Part(kind, name, duration(spent), share(spent, whole), x, width))
        before += spent
    return tuple(parts)
