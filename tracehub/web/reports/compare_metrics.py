"""The table of a comparison: each metric of A and B, their difference, and whether chance explains it."""

from collections.abc import Callable, Iterator

from tracehub.analytics.comparing import FEW, apart, percentile_interval, share_difference
from tracehub.analytics.usage import Usage, dollars, percentiles, sum_of
from tracehub.model.tally import FIRST_TEXT, SESSION, TURN, Tally
from tracehub.web.pages.durations import UNKNOWN, milliseconds
from tracehub.web.reports.tables import Column, Datum, Table, lasted, named, number, rate, spent, table

_SHARES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}
Row = tuple[Datum, ...]
Parts = Callable[[Tally], tuple[int, int]]


def metrics_table(of_a: Usage, of_b: Usage, labels: tuple[str, str]) -> Table:
    """Counts, shares, durations and means."""
    columns = (
        Column("metric", "Metric", number=False),
        Column("a", "A", hint=labels[0]),
        Column("b", "B", hint=labels[1]),
        Column("difference", "Difference"),
        Column("verdict", "Is it more than chance?", number=False),
    )
    return table("metrics", f"{labels[0]} and {labels[1]}", columns, _rows(of_a, of_b))


def _rows(of_a: Usage, of_b: Usage) -> Iterator[Row]:
    def both(*kinds: str) -> tuple[Tally, Tally]:
        return sum_of(of_a.of(*kinds)), sum_of(of_b.of(*kinds))

    sessions, turns, models = both(SESSION), both(TURN), both("model")
    calls, lookups = both("tool", "code"), both("retrieval")
    steps = both("model", "tool", "code", "retrieval", "guardrail", "agent")
    yield _count("Sessions", sessions)
    yield _count("Turns", turns)
    yield _share("Sessions with a reported error", sessions, lambda t: (t.errors_reported, t.calls))
    yield _share("Sessions with inferred errors only", sessions, lambda t: (t.errors_inferred, t.calls))
    yield _share("Turns that failed", turns, lambda t: (t.failed, t.calls))
    yield _share("Turns blocked by a guardrail", turns, lambda t: (t.blocked, t.calls))
    yield _share("Tool calls with a reported error", calls, lambda t: (t.errors_reported, t.calls))
    yield _share("Tool calls with an inferred error", calls, lambda t: (t.errors_inferred, t.calls))
    yield _share("Lookups without a hit", lookups, lambda t: (t.empty_calls, t.calls_with_results))
    for name, share in _SHARES.items():
        yield _percentile(f"Turn duration, {name}", turns, share)
    yield _percentile("First text, p50", both(FIRST_TEXT), 0.50)
    yield _percentile("Model call, p50", models, 0.50)
    yield _percentile("Tool call, p50", calls, 0.50)
    yield _mean("Turns a session", [t.calls for t in turns], [t.calls for t in sessions])
    yield _mean("Steps a turn", [t.calls for t in steps], [t.calls for t in turns])
    yield _mean("Tool calls a turn", [t.calls for t in calls], [t.calls for t in turns])
    yield _mean("Tokens in a turn", [t.input_tokens for t in models], [t.calls for t in turns])
    yield _mean("Tokens out a turn", [t.output_tokens for t in models], [t.calls for t in turns])
    yield _cost("Cost a turn", models, [t.calls for t in turns])
    yield _cost("Cost a session", models, [t.calls for t in sessions])


def _count(name: str, both: tuple[Tally, Tally]) -> Row:
    a, b = both
    return (named(name), number(a.calls), number(b.calls), Datum(b.calls - a.calls, f"{b.calls - a.calls:+,}"), _NONE)


def _share(name: str, both: tuple[Tally, Tally], parts: Parts) -> Row:
    (part_a, whole_a), (part_b, whole_b) = parts(both[0]), parts(both[1])
    values = rate(part_a, whole_a), rate(part_b, whole_b)
    if not whole_a or not whole_b:
        return (named(name), *values, Datum(None, UNKNOWN), _NONE)
    difference = part_b / whole_b - part_a / whole_a
    found = share_difference(part_a, whole_a, part_b, whole_b)
    shown = Datum(round(difference, 6), f"{difference * 100:+.1f} points")
    if found is None:
        return (named(name), *values, shown, _few(whole_a, whole_b))
    said = f"{found.low * 100:+.1f} to {found.high * 100:+.1f} points"
    return (named(name), *values, shown, _verdict(found.low > 0 or found.high < 0, said))


def _percentile(name: str, both: tuple[Tally, Tally], share: float) -> Row:
    [a], [b] = percentiles(both[0], share), percentiles(both[1], share)
    difference = None if a is None or b is None else b - a
    values = (
        named(name),
        lasted(a, hint=f"{both[0].timed_calls:,} timed"),
        lasted(b, hint=f"{both[1].timed_calls:,} timed"),
    )
    if difference is None:
        return (*values, Datum(None, UNKNOWN), _NONE)
    shown = Datum(round(difference, 3), f"{'+' if difference >= 0 else '−'}{milliseconds(abs(difference))}")
    of_a, of_b = (percentile_interval(tally.durations, share) for tally in both)
    if of_a is None or of_b is None:
        return (*values, shown, _few(both[0].timed_calls, both[1].timed_calls))
    said = " and ".join(f"{milliseconds(found.low)} to {milliseconds(found.high)}" for found in (of_a, of_b))
    return (*values, shown, _verdict(apart(of_a, of_b), said))


def _mean(name: str, sums: list[int | None], wholes: list[int]) -> Row:
    means = [total / whole if total is not None and whole else None for total, whole in zip(sums, wholes, strict=True)]
    shown = [Datum(None if m is None else round(m, 4), UNKNOWN if m is None else f"{m:,.2f}") for m in means]
    return (named(name), *shown, _relative(means), _sizes(wholes))


def _cost(name: str, both: tuple[Tally, Tally], wholes: list[int]) -> Row:
    costs = [dollars(tally) for tally in both]
    means = [cost / whole if cost is not None and whole else None for cost, whole in zip(costs, wholes, strict=True)]
    shown = [spent(mean, whole) for mean, whole in zip(means, wholes, strict=True)]
    unpriced = [tally.calls - tally.priced_calls for tally in both]
    hint = "" if not any(unpriced) else f"without {unpriced[0]:,} and {unpriced[1]:,} unpriced calls"
    return (named(name), *shown, _relative(means), Datum(hint or None, hint or _sizes(wholes).text))


def _relative(means: list[float | None]) -> Datum:
    a, b = means
    if a is None or b is None or not a:
        return Datum(None, UNKNOWN)
    return Datum(round(b / a - 1, 6), f"{(b / a - 1) * 100:+.0f} %")


def _sizes(wholes: list[int]) -> Datum:
    """Of means only the sums are kept, so nothing is concluded."""
    few = min(wholes) < FEW
    said = (
        f"too few: {wholes[0]:,} and {wholes[1]:,}" if few else f"not tested; {wholes[0]:,} and {wholes[1]:,} samples"
    )
    return Datum(said, said, tone="mute")


def _few(a: int, b: int) -> Datum:
    said = f"too few: {a:,} and {b:,}"
    return Datum(said, said, tone="mute")


def _verdict(real: bool, said: str) -> Datum:
    text = f"{'yes' if real else 'may be chance'}: {said}"
    return Datum(text, text, tone="warn" if real else "")


_NONE = Datum(None, "")
