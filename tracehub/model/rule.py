"""An alert rule: what is measured, of what, and when somebody is to be told."""

from enum import StrEnum

import msgspec

from tracehub.model.alert import Severity
from tracehub.model.measure import ABOUT, About, GroupBy, Measure

PERIOD_SECONDS = 30 * 86_400


class Errors(StrEnum):
    """Which errors of tools count."""

    REPORTED = "reported"
    INFERRED = "inferred"
    BOTH = "both"


class NoData(StrEnum):
    """What becomes of an alert where nothing is known: it stays, it is resolved, or nothing being known fires."""

    KEEP = "keep"
    RESOLVE = "resolve"
    FIRE = "fire"


class Against(StrEnum):
    """What a baseline is: the alias' former version, or the same hour (UTC) of the days before."""

    PREVIOUS_VERSION = "previous_version"
    SAME_HOUR = "same_hour"


class Departure(StrEnum):
    """In what a new version departs from the former one."""

    TOOL_MIX = "tool_mix"
    ERROR_RATE = "error_rate"


class RuleFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured. Values of one field are alternatives, fields must all match; empty is no condition."""

    agents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    action_groups: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    knowledge_bases: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def values(self, group: GroupBy) -> tuple[str, ...]:
        """What the filter asks of one label."""
        field = FILTER_OF.get(group)
        return getattr(self, field) if field else ()


FILTER_OF = {
    GroupBy.AGENT: "agents",
    GroupBy.ALIAS: "aliases",
    GroupBy.VERSION: "versions",
    GroupBy.ACTION_GROUP: "action_groups",
    GroupBy.TOOL: "tools",
    GroupBy.MODEL: "models",
    GroupBy.KNOWLEDGE_BASE: "knowledge_bases",
    GroupBy.SOURCE: "sources",
}


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two windows (seconds) in both of which the budget must burn `factor` times too fast."""

    long: int
    short: int
    factor: float


# The Site Reliability Workbook, chapter 5, table 5-8: 2 % of the budget in an hour, 5 % in six, 10 % in three days.
PAIRS = (
    Pair(long=3600, short=300, factor=14.4),
    Pair(long=21_600, short=1800, factor=6.0),
    Pair(long=259_200, short=21_600, factor=1.0),
)


class BurnRate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`objective` is the share (0 to 1) that must be good over `period` seconds."""

    objective: float
    period: int = PERIOD_SECONDS
    pairs: tuple[Pair, ...] = PAIRS


class Baseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fires where the measure is worse than `against` by more than `margin` and by more than chance explains.

    For shares the margin is added (0.05 is five points), for all else it is relative (0.5 is half as much again).
    `days` are how many past days are compared with, or how far back the former version's calls count.
    """

    against: Against
    margin: float
    days: int = 7


class NewVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fires where a version that is new on its alias departs from the former one by more than chance explains.

    `tool_mix` is the share of calls that go to other tools, `error_rate` the points by which more tool calls fail;
    None is not looked at. `days` are how far back the former version's calls count. The rule's window is how long a
    version is new.
    """

    tool_mix: float | None = 0.2
    error_rate: float | None = 0.05
    days: int = 7


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule, under the words of the files but for `for_`, which is `for` there.

    Of `above`, `below`, `burn_rate`, `baseline` and `new_version` exactly one is there. Durations are seconds, shares
    and rates lie between 0 and 1, thresholds are in the measure's unit. `resolve` is the value at which the alert is
    over; the threshold itself where it is None. With fewer than `min_samples` samples nothing is concluded.
    `delay` is how long after its end a window is judged, so that late events are in it.
    """

    name: str
    measure: Measure
    errors: Errors = Errors.BOTH
    percentile: float = 95.0
    filter: RuleFilter = RuleFilter()
    window: int = 900
    above: float | None = None
    below: float | None = None
    resolve: float | None = None
    burn_rate: BurnRate | None = None
    baseline: Baseline | None = None
    new_version: NewVersion | None = None
    min_samples: int = 10
    for_: int = msgspec.field(default=0, name="for")
    group_by: tuple[GroupBy, ...] = ()
    no_data: NoData = NoData.KEEP
    severity: Severity = Severity.WARNING
    labels: dict[str, str] = {}
    runbook: str | None = None
    channels: tuple[str, ...] = ()
    repeat: int = 14_400
    delay: int | None = None

    @property
    def about(self) -> About:
        """What is to be known of the measure."""
        return ABOUT[self.measure]

    @property
    def settled(self) -> int:
        """How many seconds after its end a window is judged."""
        return self.about.delay if self.delay is None else self.delay


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """A stored rule. `declared_in` is `file` or `ui`; `generation` grows with every change of the declaration.

    `last_evaluated_at` is the end of the newest window it was evaluated for (microseconds since 1970 UTC), None before
    the first; `last_error` is why that failed, or what was left out, None where all is well.
    """

    rule: Rule
    declared_in: str
    paused: bool
    generation: int
    created_at: int
    last_evaluated_at: int | None
    last_error: str | None


class HistoryPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of an alert at one evaluation, `at` the end of its window."""

    at: int
    value: float | None
    threshold: float | None
    samples: int | None
    state: str
