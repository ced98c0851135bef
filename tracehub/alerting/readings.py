"""What a rule finds in the windows that end at one moment: a reading for each of its groups."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from enum import StrEnum
from statistics import fmean, stdev

import msgspec

from tracehub.alerting.measures import UNREPORTED, Amount, Group, value_of
from tracehub.alerting.windows import Version, Windows
from tracehub.analytics.comparing import FEW, share_difference
from tracehub.model.measure import GroupBy, Unit
from tracehub.model.rule import Against, Baseline, BurnRate, Departure, NewVersion, NoData, Rule
from tracehub.store.latency import milliseconds_of

_SECOND = 1_000_000
_HOUR_US = 3600 * _SECOND
DAY_US = 24 * _HOUR_US
# Below this many past days their spread says nothing.
_FEW_DAYS = 3
_SPREADS = 2.0
# A mix of tools is called another one where chance alone would make it so once in a hundred times.
_CHANCE = 0.01
_BY_VERSION = (GroupBy.AGENT, GroupBy.ALIAS, GroupBy.VERSION)
DEPARTS = "departs"


class Verdict(StrEnum):
    """Breached, clear, or neither: past the threshold for `resolve` but not past the other one. FEW samples and NONE
    conclude nothing."""

    BREACH = "breach"
    BETWEEN = "between"
    CLEAR = "clear"
    FEW = "few"
    NONE = "none"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a group in the window from `since` to `until` (microseconds)."""

    value: float | None
    threshold: float | None
    samples: int
    verdict: Verdict
    since: int
    until: int


class Gauges(msgspec.Struct, frozen=True):
    """Measures that are read as they stand now: their values by group."""

    found: Mapping[str, Mapping[Group, float]] = {}


def readings(rule: Rule, windows: Windows, at: int, gauges: Gauges | None = None) -> dict[Group, Reading]:
    """A reading of each group of which something is known, for windows that end `at` (microseconds, on a bound of five
    minutes). Gauges are read where they are given; without them nothing is known of such measures."""
    if rule.about.gauge:
        return _of_gauge(rule, (gauges or Gauges()).found.get(rule.measure, {}), at)
    if rule.burn_rate:
        return _burn_rates(rule, rule.burn_rate, windows, at)
    if rule.baseline and rule.baseline.against is Against.SAME_HOUR:
        return _against_same_hour(rule, rule.baseline, windows, at)
    if rule.baseline:
        return _against_previous_version(rule, rule.baseline, windows, at)
    if rule.new_version:
        return _departures(rule, rule.new_version, windows, at)
    since = at - rule.window * _SECOND
    found = dict(windows.amounts(rule, rule.group_by, since, at))
    if rule.no_data is NoData.FIRE and rule.group_by:
        # Whose silence is to be told must have been heard of: within a day.
        for group in windows.amounts(rule, rule.group_by, (at - DAY_US) // _HOUR_US * _HOUR_US, at):
            found.setdefault(group, Amount(durations={}))
    return {group: _by_threshold(rule, amount, since, at) for group, amount in found.items()}


def threshold_of(rule: Rule) -> float | None:
    """Above or below which value the rule fires, where it says so itself."""
    return rule.above if rule.above is not None else rule.below


def verdict_of(rule: Rule, value: float | None, samples: int) -> Verdict:
    """What a value means for a rule with a threshold."""
    if value is None:
        return Verdict.NONE
    if samples < rule.min_samples:
        return Verdict.FEW
    if rule.above is not None:
        over = rule.above if rule.resolve is None else rule.resolve
        return Verdict.BREACH if value > rule.above else Verdict.CLEAR if value <= over else Verdict.BETWEEN
    assert rule.below is not None
    over = rule.below if rule.resolve is None else rule.resolve
    return Verdict.BREACH if value < rule.below else Verdict.CLEAR if value >= over else Verdict.BETWEEN


def _by_threshold(rule: Rule, amount: Amount, since: int, at: int) -> Reading:
    value = value_of(rule, amount, rule.window)
    verdict = verdict_of(rule, value, amount.samples)
    return Reading(
        value=value, threshold=threshold_of(rule), samples=amount.samples, verdict=verdict, since=since, until=at
    )


def _of_gauge(rule: Rule, values: Mapping[Group, float], at: int) -> dict[Group, Reading]:
    """Of several values under one group the worst counts."""
    found: dict[Group, float] = {}
    wanted = {group.value: rule.filter.values(group) for group in GroupBy}
    for labels, value in values.items():
        if any(wanted.get(name) and text not in wanted[name] for name, text in labels):
            continue
        key = tuple((name, text) for name, text in labels if name in rule.group_by)
        worst = max if rule.above is not None else min
        found[key] = worst(value, found.get(key, value))
    return {
        group: Reading(
            value=value,
            threshold=threshold_of(rule),
            samples=1,
            verdict=verdict_of(rule, value, rule.min_samples),
            since=at,
            until=at,
        )
        for group, value in found.items()
    }


def _burn_rates(rule: Rule, burn: BurnRate, windows: Windows, at: int) -> dict[Group, Reading]:
    """Of each group the pair that is worst beside its factor: the slower of its two windows counts."""
    found: dict[Group, Reading] = {}
    for pair in burn.pairs:
        since = at - pair.long * _SECOND
        short = windows.amounts(rule, rule.group_by, at - pair.short * _SECOND, at)
        for group, amount in windows.amounts(rule, rule.group_by, since, at).items():
            rate = min(_burning(amount, burn), _burning(short.get(group), burn))
            if not amount.samples:
                verdict = Verdict.NONE
            elif amount.samples < rule.min_samples:
                verdict = Verdict.FEW
            else:
                verdict = Verdict.BREACH if rate > pair.factor else Verdict.CLEAR
            reading = Reading(
                value=rate if amount.samples else None,
                threshold=pair.factor,
                samples=amount.samples,
                verdict=verdict,
                since=since,
                until=at,
            )
            if group not in found or _badness(reading) > _badness(found[group]):
                found[group] = reading
    return found


def _burning(amount: Amount | None, burn: BurnRate) -> float:
    return amount.part / amount.samples / (1 - burn.objective) if amount and amount.samples else 0.0


_ORDER = {Verdict.BREACH: 3, Verdict.BETWEEN: 2, Verdict.CLEAR: 2, Verdict.FEW: 1, Verdict.NONE: 0}


def _badness(reading: Reading) -> tuple[int, float]:
    return (_ORDER[reading.verdict], (reading.value or 0.0) / (reading.threshold or 1.0))


def _against_same_hour(rule: Rule, baseline: Baseline, windows: Windows, at: int) -> dict[Group, Reading]:
    """Hours are UTC: where clocks change, the hour of the week before is another one by the wall."""
    since = at - rule.window * _SECOND
    past = [
        windows.amounts(rule, rule.group_by, since - day * DAY_US, at - day * DAY_US)
        for day in range(1, baseline.days + 1)
    ]
    found = {}
    for group, amount in windows.amounts(rule, rule.group_by, since, at).items():
        before = [of_day[group] for of_day in past if group in of_day and of_day[group].samples]
        if rule.about.unit in (Unit.TOKENS, Unit.USD):
            found[group] = _spread(rule, baseline, amount, before, since, at)
        else:
            found[group] = _compared(rule, baseline.margin, amount, _pooled(before), since, at)
    return found


def _spread(rule: Rule, baseline: Baseline, amount: Amount, before: list[Amount], since: int, at: int) -> Reading:
    """Amounts per hour are compared with how much they differed from day to day."""
    value = value_of(rule, amount, rule.window)
    usual = [each for past in before if (each := value_of(rule, past, rule.window)) is not None]
    if value is None or amount.samples < rule.min_samples or len(usual) < _FEW_DAYS:
        verdict = Verdict.NONE if value is None else Verdict.FEW
        return Reading(value=value, threshold=None, samples=amount.samples, verdict=verdict, since=since, until=at)
    mean = fmean(usual)
    threshold = max(mean * (1 + baseline.margin), mean + _SPREADS * stdev(usual))
    verdict = Verdict.BREACH if value > threshold else Verdict.CLEAR
    return Reading(value=value, threshold=threshold, samples=amount.samples, verdict=verdict, since=since, until=at)


def _against_previous_version(rule: Rule, baseline: Baseline, windows: Windows, at: int) -> dict[Group, Reading]:
    since = at - rule.window * _SECOND
    history = at - baseline.days * DAY_US
    group_by = (*_BY_VERSION, *(group for group in rule.group_by if group not in _BY_VERSION))
    now = windows.amounts(rule, group_by, since, at)
    past = windows.amounts(rule, group_by, history, at)
    former, newest = {}, set()
    for (agent, alias), seen in windows.versions(history, at).items():
        if len(seen) > 1:
            who = (agent or UNREPORTED, alias)
            newest.add((*who, seen[-1].version))
            former[who] = seen[-2].version
    found = {}
    for group, amount in now.items():
        (_, agent), (_, alias), (_, version), *others = group
        if (agent, alias, version) not in newest:
            continue
        labels = (("agent", agent), ("alias", alias), ("version", former[agent, alias]), *others)
        found[group] = _compared(rule, baseline.margin, amount, past.get(labels, Amount(durations={})), since, at)
    return found


def _compared(rule: Rule, margin: float, amount: Amount, before: Amount, since: int, at: int) -> Reading:
    """Whether a share or a percentile is worse than before by the margin, and by more than chance explains."""
    value, usual = value_of(rule, amount, rule.window), value_of(rule, before, rule.window)
    threshold = None if usual is None else usual + margin if rule.about.unit is Unit.SHARE else usual * (1 + margin)
    if value is None:
        verdict = Verdict.NONE
    elif threshold is None or min(amount.samples, before.samples) < max(FEW, rule.min_samples):
        verdict = Verdict.FEW
    elif value <= threshold:
        verdict = Verdict.CLEAR
    else:
        verdict = Verdict.BREACH if _worse(rule, amount, before, threshold) else Verdict.BETWEEN
    return Reading(value=value, threshold=threshold, samples=amount.samples, verdict=verdict, since=since, until=at)


def _worse(rule: Rule, amount: Amount, before: Amount, threshold: float) -> bool:
    """Whether chance does not explain it. Of durations those count that are longer than the threshold: an interval of
    a percentile would need hundreds of calls."""
    now, then = amount.part, before.part
    if rule.about.percentile:
        now, then = _longer(amount, threshold), _longer(before, threshold)
    difference = share_difference(then, before.samples, now, amount.samples)
    return difference is not None and difference.low > 0


def _longer(amount: Amount, seconds: float) -> int:
    return sum(calls for bucket, calls in amount.durations.items() if milliseconds_of(bucket) > seconds * 1000)


def _pooled(found: list[Amount]) -> Amount:
    whole = Amount(durations={})
    for amount in found:
        whole.add(amount.part, amount.samples, amount.durations)
    return whole


def _departures(rule: Rule, new: NewVersion, windows: Windows, at: int) -> dict[Group, Reading]:
    """Of each alias whose newest version is younger than the window: its mix of tools and its errors beside the former
    version's."""
    since = at - new.days * DAY_US - rule.window * _SECOND
    young = {
        (agent or UNREPORTED, alias): (seen[-1], seen[-2])
        for (agent, alias), seen in windows.versions(since, at).items()
        if len(seen) > 1 and seen[-1].first_at >= at - rule.window * _SECOND
    }
    if not young:
        return {}
    calls: defaultdict[tuple[str, str, str], dict[str, Amount]] = defaultdict(dict)
    for group, amount in windows.amounts(rule, (*_BY_VERSION, GroupBy.TOOL), since, at).items():
        (_, agent), (_, alias), (_, version), (_, tool) = group
        calls[agent, alias, version][tool] = amount
    found: dict[Group, Reading] = {}
    for (agent, alias), (newest, former) in young.items():
        now, then = calls[agent, alias, newest.version], calls[agent, alias, former.version]
        labels = (("agent", agent), ("alias", alias), ("version", newest.version))
        for departure, wanted, compare in (
            (Departure.TOOL_MIX, new.tool_mix, _other_mix),
            (Departure.ERROR_RATE, new.error_rate, _more_errors),
        ):
            if wanted is not None:
                found[*labels, (DEPARTS, departure.value)] = _departure(rule, wanted, now, then, newest, at, compare)
    return found


def _departure(
    rule: Rule,
    margin: float,
    now: dict[str, Amount],
    then: dict[str, Amount],
    newest: Version,
    at: int,
    compare: Callable[[dict[str, Amount], dict[str, Amount], float], tuple[float, float, bool]],
) -> Reading:
    samples = _pooled(list(now.values())).samples
    least = min(samples, _pooled(list(then.values())).samples)
    if least < max(FEW, rule.min_samples):
        verdict = Verdict.FEW if samples else Verdict.NONE
        return Reading(value=None, threshold=None, samples=samples, verdict=verdict, since=newest.first_at, until=at)
    value, threshold, significant = compare(now, then, margin)
    verdict = Verdict.CLEAR if value <= threshold else Verdict.BREACH if significant else Verdict.BETWEEN
    return Reading(value=value, threshold=threshold, samples=samples, verdict=verdict, since=newest.first_at, until=at)


def _more_errors(now: dict[str, Amount], then: dict[str, Amount], margin: float) -> tuple[float, float, bool]:
    """The share of errors, what it may be at most, and whether chance does not explain the difference."""
    a, b = _pooled(list(then.values())), _pooled(list(now.values()))
    difference = share_difference(a.part, a.samples, b.part, b.samples)
    significant = difference is not None and difference.low > 0
    return (b.part / b.samples, min(a.part / a.samples + margin, 1.0), significant)


def _other_mix(now: dict[str, Amount], then: dict[str, Amount], margin: float) -> tuple[float, float, bool]:
    """The share of calls that go to other tools, what it may be, and whether chance does not explain it."""
    a = Counter({tool: amount.samples for tool, amount in then.items()})
    b = Counter({tool: amount.samples for tool, amount in now.items()})
    whole_a, whole_b = a.total(), b.total()
    moved = sum(abs(a[tool] / whole_a - b[tool] / whole_b) for tool in a | b) / 2
    return (moved, margin, _chance_of_mixes(a, b) < _CHANCE)


def _chance_of_mixes(a: Counter[str], b: Counter[str]) -> float:
    """How probable it is that two equal mixes look at least so different: Pearson's test, with Wilson's and Hilferty's
    normal approximation of chi-square."""
    whole_a, whole_b = a.total(), b.total()
    statistic = 0.0
    for tool in a | b:
        both = a[tool] + b[tool]
        for part, whole in ((a[tool], whole_a), (b[tool], whole_b)):
            expected = both * whole / (whole_a + whole_b)
            statistic += (part - expected) ** 2 / expected
    freedom = len(a | b) - 1
    if freedom < 1:
        return 1.0
    spread = 2 / (9 * freedom)
    z = ((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return 0.5 * math.erfc(z / math.sqrt(2))
