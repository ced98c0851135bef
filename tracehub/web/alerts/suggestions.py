"""The rules that are offered, as pages show them."""

from urllib.parse import urlencode

from tracehub.alerting.suggested import SUGGESTED
from tracehub.errors import NotFoundError
from tracehub.model.rule import Rule
from tracehub.web.alerts import places
from tracehub.web.alerts.rules_page import Suggestion, says


def suggestions() -> tuple[Suggestion, ...]:
    """Every rule that is offered."""
    return tuple(
        Suggestion(
            name=rule.name,
            says=says(rule),
            groups=", ".join(str(group) for group in rule.group_by),
            look=f"{places.RULES}/new?{urlencode({'suggested': rule.name})}",
        )
        for rule in SUGGESTED
    )


def suggested(name: str) -> Rule:
    """The rule that is offered under this name; NotFoundError where none is."""
    for rule in SUGGESTED:
        if rule.name == name:
            return rule
    msg = f"no rule is suggested under the name {name[:100]!r}"
    raise NotFoundError(msg)
