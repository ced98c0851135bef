"""The rules that are offered where there are none yet."""

from tracehub.errors import NotFoundError
from tracehub.model.rule import Rule
from tracehub.web.alerts.rules_page import Suggestion


def suggestions() -> tuple[Suggestion, ...]:
    """Every rule that is offered."""
    return ()


def suggested(name: str) -> Rule:
    """The rule that is offered under this name; NotFoundError where none is."""
    msg = f"no rule is suggested under the name {name[:100]!r}"
    raise NotFoundError(msg)
