"""Makes the rules that files declare those of the database."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from tracehub.errors import PermanentError
from tracehub.model.rule import Rule
from tracehub.store import alert_rules
from tracehub.store.schema import DEFAULT_PROJECT

FILE, UI = "file", "ui"


class Declared(msgspec.Struct, frozen=True):
    """How many rules there are of the files, and how many are gone."""

    declared: int
    removed: int


def declare(connection: Connection, rules: Sequence[Rule], *, now: int, project: str = DEFAULT_PROJECT) -> Declared:
    """Adds, changes and removes rules of files, so that they are these.

    PermanentError where somebody made a rule of the same name in the UI: neither should vanish in silence.
    """
    made = set(alert_rules.names(connection, declared_in=UI, project=project))
    if doubled := next((rule.name for rule in rules if rule.name in made), None):
        msg = f"a rule named {doubled!r} was made in the UI: remove it there, or give this one another name"
        raise PermanentError(msg)
    for rule in rules:
        alert_rules.declare(connection, rule, declared_in=FILE, now=now, project=project)
    named = {rule.name for rule in rules}
    gone = [name for name in alert_rules.names(connection, declared_in=FILE, project=project) if name not in named]
    for name in gone:
        alert_rules.remove(connection, name, project=project)
    return Declared(len(rules), len(gone))
