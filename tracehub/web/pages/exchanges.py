"""Return of control between turns: who answered, and whom a turn answers."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from tracehub.model.listing import TraceRow
from tracehub.model.span import Outcome
from tracehub.store import return_controls, traces
from tracehub.web.pages import addresses
from tracehub.web.pages.turns import Exchange


def exchanges_of(connection: Connection, session_id: str, rows: Sequence[TraceRow]) -> dict[str, tuple[Exchange, ...]]:
    """For each turn that took part in one, what to say of it."""
    numbers = {row.trace_id: number for number, row in enumerate(rows, 1)}
    answers = {row.answers: row.trace_id for row in rows if row.answers}
    sides = return_controls.find(connection, answers) if answers else {}
    said: defaultdict[str, list[Exchange]] = defaultdict(list)
    for name, answering in answers.items():
        asking = sides[name].asked_by if name in sides else None
        said[answering].append(_asker(connection, session_id, asking, numbers))
        if asking in numbers:
            number = numbers[answering]
            link = addresses.turn(session_id, answering)
            said[str(asking)].append(
                Exchange("Control went back to the caller, who answered in", f"turn {number}", link)
            )
    for row in rows:
        if row.outcome is Outcome.RETURNED_CONTROL and row.trace_id not in said:
            said[row.trace_id].append(Exchange("Control went back to the caller; no answer has been seen", None, None))
    return {trace_id: tuple(found) for trace_id, found in said.items()}


def _asker(connection: Connection, session_id: str, asking: str | None, numbers: dict[str, int]) -> Exchange:
    if asking is None:
        return Exchange("Brings the result of a call handed back by a turn that has not been seen", None, None)
    if asking in numbers:
        link = addresses.turn(session_id, asking)
        return Exchange("Brings the result of the call handed back in", f"turn {numbers[asking]}", link)
    elsewhere = traces.sessions_of(connection, [asking]).get(asking)
    if elsewhere is None:
        return Exchange("Brings the result of a call handed back by a turn that has not been seen", None, None)
    return Exchange("Brings the result of a call handed back in", "another session", addresses.turn(elsewhere, asking))
