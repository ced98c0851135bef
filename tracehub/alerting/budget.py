"""Error budgets: how much of what may fail has failed."""

import msgspec
from sqlalchemy import Connection

from tracehub.alerting.measures import Amount
from tracehub.alerting.windows import STEP_US, SharedWindows
from tracehub.model.rule import Rule
from tracehub.store.schema import DEFAULT_PROJECT

_SECOND = 1_000_000


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """The budget of one group over the period from `since` to `until` (microseconds).

    Of `calls` calls `allowed` may be bad and `bad` were. `spent` is the share of the budget that is gone (more than 1:
    overdrawn), `left` what is not, at least 0; None without calls. `burning` is how many times as fast as it lasts the
    budget burns now, over the last `burning_seconds`; at that speed it is gone at `exhausted_at`: None where it lasts,
    or nothing is known.
    """

    group: dict[str, str]
    objective: float
    since: int
    until: int
    calls: int
    bad: int
    allowed: float
    spent: float | None
    left: float | None
    burning: float | None
    burning_seconds: int
    exhausted_at: int | None


def budget(connection: Connection, rule: Rule, now: int, *, project: str = DEFAULT_PROJECT) -> tuple[Budget, ...]:
    """The budgets of a burn-rate rule's groups, the most spent first; nothing for other rules."""
    burn = rule.burn_rate
    if burn is None:
        return ()
    until = now // STEP_US * STEP_US
    since = until - burn.period * _SECOND
    windows = SharedWindows(connection, project=project)
    seconds = sorted(burn.pairs, key=lambda pair: pair.long)[len(burn.pairs) // 2].long
    lately = windows.amounts(rule, rule.group_by, until - seconds * _SECOND, until)
    found = []
    for group, amount in windows.amounts(rule, rule.group_by, since, until).items():
        allowed = amount.samples * (1 - burn.objective)
        spent = amount.part / allowed if allowed else None
        burning = _rate(lately.get(group), burn.objective)
        left = None if spent is None else max(1 - spent, 0.0)
        found.append(
            Budget(
                group=dict(group),
                objective=burn.objective,
                since=since,
                until=until,
                calls=amount.samples,
                bad=amount.part,
                allowed=allowed,
                spent=spent,
                left=left,
                burning=burning,
                burning_seconds=seconds,
                exhausted_at=_exhausted(left, burning, burn.period, until),
            )
        )
    return tuple(sorted(found, key=lambda each: (-(each.spent or 0.0), sorted(each.group.items()))))


def _rate(amount: Amount | None, objective: float) -> float | None:
    return amount.part / amount.samples / (1 - objective) if amount and amount.samples else None


def _exhausted(left: float | None, burning: float | None, period: int, until: int) -> int | None:
    """At a rate of 1 the whole budget lasts exactly for the period; below it is never gone."""
    if left is None or burning is None or burning <= 1:
        return None
    return until + int(left * period * _SECOND / burning)
