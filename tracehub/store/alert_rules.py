"""Alert rules as people declared them, and how far each was evaluated."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, case, delete, select, update

from tracehub.errors import NotFoundError
from tracehub.model.rule import Rule, RuleRow
from tracehub.store.dialect import insert
from tracehub.store.schema import DEFAULT_PROJECT, alert_rules

_read = msgspec.json.Decoder(Rule).decode


def declare(connection: Connection, rule: Rule, *, declared_in: str, now: int, project: str = DEFAULT_PROJECT) -> None:
    """Adds a rule, or changes what is declared of the one of its name, whose alerts go on."""
    row: dict[str, object] = {
        "project_id": project,
        "name": rule.name,
        "declaration": msgspec.json.encode(rule, order="deterministic").decode(),
        "declared_in": declared_in,
        "paused": False,
        "generation": 1,
        "created_at": now,
    }
    statement = insert(connection, alert_rules).values(row)
    changed = alert_rules.c.declaration != statement.excluded.declaration
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["project_id", "name"],
            set_={
                "declaration": statement.excluded.declaration,
                "declared_in": statement.excluded.declared_in,
                "generation": alert_rules.c.generation + case((changed, 1), else_=0),
            },
        )
    )


def remove(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> None:
    """Takes a rule away; the next evaluation resolves its alerts. NotFoundError where there is none."""
    these = (alert_rules.c.project_id == project, alert_rules.c.name == name)
    if connection.execute(delete(alert_rules).where(*these)).rowcount == 0:
        raise _unknown(name)


def pause(connection: Connection, name: str, paused: bool, *, project: str = DEFAULT_PROJECT) -> None:
    """Stops or resumes a rule; the next evaluation resolves the alerts of one that stops, and one that resumes begins
    anew. NotFoundError where there is none."""
    these = (alert_rules.c.project_id == project, alert_rules.c.name == name)
    values: dict[str, object] = {"paused": paused} if paused else {"paused": paused, "last_evaluated_at": None}
    if connection.execute(update(alert_rules).where(*these).values(values)).rowcount == 0:
        raise _unknown(name)


def every(connection: Connection, *, project: str = DEFAULT_PROJECT) -> tuple[RuleRow, ...]:
    """All rules by name. There are as many as a team declares."""
    query = select(alert_rules).where(alert_rules.c.project_id == project).order_by(alert_rules.c.name)
    return tuple(_row(row) for row in connection.execute(query))


def one(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> RuleRow:
    """The rule of this name; NotFoundError where there is none."""
    query = select(alert_rules).where(alert_rules.c.project_id == project, alert_rules.c.name == name)
    found = connection.execute(query).first()
    if found is None:
        raise _unknown(name)
    return _row(found)


def names(connection: Connection, *, declared_in: str, project: str = DEFAULT_PROJECT) -> Sequence[str]:
    """The names of the rules that were declared there, sorted."""
    query = select(alert_rules.c.name).where(
        alert_rules.c.project_id == project, alert_rules.c.declared_in == declared_in
    )
    return connection.scalars(query.order_by(alert_rules.c.name)).all()


def evaluated(
    connection: Connection,
    outcomes: Iterable[tuple[str, int, str | None]],
    *,
    project: str = DEFAULT_PROJECT,
) -> None:
    """Notes of rules by name until when they were evaluated, and what went wrong."""
    grouped: dict[tuple[int, str | None], list[str]] = {}
    for name, at, error in outcomes:
        grouped.setdefault((at, error), []).append(name)
    for (at, error), of in grouped.items():
        for first in range(0, len(of), _AT_ONCE):
            these = (alert_rules.c.project_id == project, alert_rules.c.name.in_(of[first : first + _AT_ONCE]))
            connection.execute(update(alert_rules).where(*these).values(last_evaluated_at=at, last_error=error))


_AT_ONCE = 500


def _row(row: Row[Any]) -> RuleRow:
    return RuleRow(
        rule=_read(row.declaration),
        declared_in=row.declared_in,
        paused=row.paused,
        generation=row.generation,
        created_at=row.created_at,
        last_evaluated_at=row.last_evaluated_at,
        last_error=row.last_error,
    )


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"there is no alert rule {name!r}")
