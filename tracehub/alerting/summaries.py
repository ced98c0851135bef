"""What is said of an alert in one sentence."""

from tracehub.alerting.measures import Group
from tracehub.alerting.readings import DEPARTS, Reading
from tracehub.model.measure import Unit
from tracehub.model.rule import Departure, Rule
from tracehub.model.rule_amounts import duration_words


def summary_of(rule: Rule, group: Group, reading: Reading | None, *, over: bool = False) -> str:
    """Such as `Tool error rate of Orders__refund is 25 %, above 10 %: 40 tool calls in 15m`.

    What is `over` is no longer above.
    """
    labels = dict(group)
    departs = labels.pop(DEPARTS, None)
    of = f" of {', '.join(labels.values())}" if labels else ""
    if reading is None or reading.value is None:
        return f"{rule.about.title}{of}: no data"
    seconds = (reading.until - reading.since) // 1_000_000
    window = f" in {duration_words(seconds)}" if seconds else ""
    rests_on = "" if rule.about.gauge else f": {reading.samples:,} {rule.about.of}{window}"
    no_longer = "no longer " if over else ""
    if rule.burn_rate:
        rate = f"{reading.value:.1f} times as fast as it lasts, {no_longer}above {reading.threshold or 0:g}"
        return f"{rule.about.title}{of} burns its error budget {rate}{rests_on}"
    title = "Share of calls to other tools" if departs == Departure.TOOL_MIX else rule.about.title
    value = amount_text(reading.value, rule.about.unit)
    side = "below" if rule.below is not None else "above"
    threshold = (
        f", {no_longer}{side} {amount_text(reading.threshold, rule.about.unit)}"
        if reading.threshold is not None
        else ""
    )
    percentile = f" (p{rule.percentile:g})" if rule.about.percentile else ""
    return f"{title}{percentile}{of} is {value}{threshold}{rests_on}"


def amount_text(value: float, unit: Unit) -> str:
    """A value with its unit: `25.3 %`, `1.25 s`, `12,000 tokens/h`, `$3.20/h`, `17`."""
    match unit:
        case Unit.SHARE:
            return f"{value * 100:.3g} %" if value < 0.9995 else "100 %"
        case Unit.SECONDS:
            return duration_words(round(value)) if value >= 60 else f"{value:.3g} s"
        case Unit.TOKENS:
            return f"{value:,.0f} tokens/h"
        case Unit.USD:
            return f"${value:,.2f}/h" if value >= 0.1 else f"${value:.3g}/h"
        case Unit.COUNT:
            return f"{value:,.0f}"
