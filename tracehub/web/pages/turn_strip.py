"""The strip that shows a session's turns at a glance: one block each, as wide as its share of the work."""

from collections.abc import Sequence

import msgspec

from tracehub.model.listing import TraceRow
from tracehub.model.span import Outcome
from tracehub.web.pages.durations import between, duration
from tracehub.web.pages.labels import OUTCOMES

MOST_TURNS = 200
_LEAST = 1.2
_GAP = 0.15


class Block(msgspec.Struct, frozen=True):
    """One turn; `tone` marks what went wrong in it. `x` and `width` are per cent of the strip."""

    href: str
    title: str
    tone: str
    x: str
    width: str


def strip_of(rows: Sequence[TraceRow]) -> tuple[Block, ...]:
    """The blocks in order; none where there is only one turn, or too many to tell apart."""
    if not 1 < len(rows) <= MOST_TURNS:
        return ()
    lengths = [between(row.started_at, row.ended_at) or 0 for row in rows]
    least = min(_LEAST, 60 / len(rows))
    whole = sum(lengths)
    shares = [length / whole if whole else 1 / len(rows) for length in lengths]
    widths = [least + (100 - least * len(rows)) * share for share in shares]
    blocks: list[Block] = []
    x = 0.0
    for number, (row, length, width) in enumerate(zip(rows, lengths, widths, strict=True), 1):
        title = f"Turn {number}: {duration(length or None)}, {OUTCOMES[row.outcome]}"
        blocks.append(Block(f"#t{row.trace_id}", title, _tone(row), f"{x:.2f}", f"{max(width - _GAP, 0.2):.2f}"))
        x += width
    return tuple(blocks)


def _tone(row: TraceRow) -> str:
    if row.outcome is Outcome.FAILED or row.errors_reported or row.errors_inferred:
        return "err"
    if row.outcome is Outcome.BLOCKED or row.interventions:
        return "warn"
    return "mute" if row.outcome is Outcome.INCOMPLETE else ""
