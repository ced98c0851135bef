"""Values of measures as people read them, each in its unit."""

from typing import Literal

from tracehub.model.measure import ABOUT, Measure, Unit
from tracehub.web.pages.amounts import money
from tracehub.web.pages.durations import UNKNOWN, duration
from tracehub.web.pages.visible import one_line

# Burn rates say how many times too fast a budget is spent.
Scale = Unit | Literal["times"]


def title_of(measure: str) -> str:
    """What is measured; a measure that this version does not know by its word."""
    found = known(measure)
    return ABOUT[found].title if found else one_line(measure, 60)


def samples_of(measure: str, samples: int | None) -> str:
    """`41 tool calls`; a dash where unknown."""
    found = known(measure)
    if samples is None:
        return UNKNOWN
    return f"{samples:,} {ABOUT[found].of}" if found else f"{samples:,}"


def unit_of(measure: str) -> Unit:
    """The unit of a measure; a count where this version does not know it."""
    found = known(measure)
    return ABOUT[found].unit if found else Unit.COUNT


def in_unit(value: float | None, unit: Scale) -> str:
    """`34.2 %`, `4.20 s`, `$1.20`, `12,300`, `14.4×`; a dash where unknown."""
    if value is None:
        return UNKNOWN
    match unit:
        case Unit.SHARE:
            return percent(value)
        case "times":
            return f"{plain(value)}×"
        case Unit.SECONDS:
            return duration(round(value * 1_000_000))
        case Unit.USD:
            return money(value)
        case Unit.TOKENS | Unit.COUNT:
            return plain(value)


def percent(share: float) -> str:
    """`34.2 %`, `99.95 %`, `5 %`, `< 0.01 %`: as many digits as tell it from none and from all."""
    value = 100 * share
    if 0 < value < 0.01:
        return "< 0.01 %"
    digits = 0 if value > 100 else 1 if 1 <= value <= 99 else 2
    return f"{_trimmed(f'{value:,.{digits}f}')} %"


def plain(value: float) -> str:
    """`12,300`, `0.5`."""
    return f"{round(value):,}" if abs(value) >= 100 else _trimmed(f"{value:.2f}")


def known(measure: str) -> Measure | None:
    """The measure of this word, where there is one."""
    try:
        return Measure(measure)
    except ValueError:
        return None


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
