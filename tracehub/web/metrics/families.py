"""Which metrics are made of the totals of stored calls, and their labels."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from tracehub.model.span import Outcome
from tracehub.model.tally import TURN, Cell, Tally, add
from tracehub.model.tool_name import action_group_of
from tracehub.store.latency import cumulative
from tracehub.store.totals import Totals

# Seconds, as OpenTelemetry's GenAI conventions have them for gen_ai.client.operation.duration.
BOUNDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
LONGEST_LABEL = 128
_BOUNDS_MS = tuple(bound * 1000 for bound in BOUNDS)
_LE = (*map(str, BOUNDS), "+Inf")
_AGENT = ("agent", "alias", "version")
Labels = tuple[str, ...]
Number = Callable[[Tally], float | None]


class Family(msgspec.Struct, frozen=True):
    """Series of one kind of call: the labels before those of the agent, and how a cell has them."""

    kinds: tuple[str, ...]
    labels: tuple[str, ...]
    values: Callable[[Cell], tuple[str | None, ...]]
    counters: tuple[tuple[str, str, Number], ...]
    duration: tuple[str, str]


FAMILIES = (
    Family(
        ("tool", "code"),
        ("tool", "action_group"),
        lambda cell: (cell.name, action_group_of(cell.name)),
        (("tracehub_tool_calls", "Calls of tools", lambda tally: tally.calls),),
        ("tracehub_tool_duration_seconds", "How long calls of tools took, where it is known"),
    ),
    Family(
        ("retrieval",),
        ("knowledge_base",),
        lambda cell: (cell.name,),
        (
            ("tracehub_knowledge_base_lookups", "Lookups in knowledge bases", lambda tally: tally.calls),
            ("tracehub_knowledge_base_empty_lookups", "Lookups that found nothing", lambda tally: tally.empty_calls),
        ),
        ("tracehub_knowledge_base_lookup_duration_seconds", "How long lookups took, where it is known"),
    ),
    Family(
        (TURN,),
        ("outcome",),
        lambda cell: (cell.detail,),
        (("tracehub_turns", "Calls of agents that ended, by how", lambda tally: tally.calls),),
        ("tracehub_turn_duration_seconds", "How long calls of agents took, where it is known"),
    ),
    Family(
        ("model",),
        ("model",),
        lambda cell: (cell.name,),
        (
            ("tracehub_model_calls", "Calls of models", lambda tally: tally.calls),
            (
                "tracehub_model_calls_with_tokens",
                "Calls of models that reported tokens",
                lambda tally: tally.calls_with_tokens,
            ),
        ),
        ("tracehub_model_duration_seconds", "How long calls of models took, where it is known"),
    ),
    Family(
        ("guardrail",),
        (),
        lambda _: (),
        (
            ("tracehub_guardrail_assessments", "Assessments by guardrails", lambda tally: tally.calls),
            ("tracehub_guardrail_interventions", "Interventions of guardrails", lambda tally: tally.blocked),
        ),
        ("tracehub_guardrail_duration_seconds", "How long assessments took, where it is known"),
    ),
)
KINDS = tuple(kind for family in FAMILIES for kind in family.kinds)


def families(totals: Totals) -> Iterator[Metric]:
    """The metrics of all that is stored."""
    for family in FAMILIES:
        tallies = _by_labels(family, (cell for cell in totals.cells if not _unfinished(cell)))
        labels = (*family.labels, *_AGENT)
        for name, help_text, number in family.counters:
            yield _counter(name, help_text, labels, tallies, number)
        if "tool" in family.kinds:
            yield _errors(labels, tallies)
        if "model" in family.kinds:
            yield _tokens(labels, tallies)
        yield _durations(*family.duration, labels, tallies)
    unfinished = sum(cell.tally.calls for cell in totals.cells if _unfinished(cell))
    yield GaugeMetricFamily(
        "tracehub_unfinished_turns", "Calls of agents that run still, or whose end never came", value=unfinished
    )
    left_out = GaugeMetricFamily(
        "tracehub_metrics_left_out_series", "Series that are not told, as there are too many", labels=["kind"]
    )
    for kind in KINDS:
        left_out.add_metric([kind], totals.left_out.get(kind, 0))
    yield left_out


def _unfinished(cell: Cell) -> bool:
    """Whether the turns of a cell will be others' when their end comes: no counter may tell of them."""
    return cell.kind == TURN and cell.detail == Outcome.INCOMPLETE.value


def label(value: str | None) -> str:
    """A value fit for a label: bounded and without control characters; empty where unknown."""
    if value is None:
        return ""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)
    return shown if len(shown) <= LONGEST_LABEL else shown[: LONGEST_LABEL - 1] + "…"


def _by_labels(family: Family, cells: Iterable[Cell]) -> dict[Labels, Tally]:
    """Cells whose labels are the same, cut for instance, are one series: a series told twice breaks a scrape."""
    found: dict[Labels, Tally] = {}
    for cell in cells:
        if cell.kind in family.kinds:
            values = (*family.values(cell), cell.agent_id, cell.alias_id, cell.agent_version)
            add(found.setdefault(tuple(map(label, values)), Tally(durations={})), cell.tally)
    return found


def _counter(
    name: str, help_text: str, labels: Sequence[str], tallies: dict[Labels, Tally], number: Number
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, help_text, labels=labels)
    for values, tally in tallies.items():
        family.add_metric(values, number(tally) or 0)
    return family


def _errors(labels: Sequence[str], tallies: dict[Labels, Tally]) -> CounterMetricFamily:
    family = CounterMetricFamily(
        "tracehub_tool_errors",
        "Calls of tools that failed: reported by AWS or the caller, or inferred from the output",
        labels=[*labels, "source"],
    )
    for values, tally in tallies.items():
        family.add_metric([*values, "reported"], tally.errors_reported)
        family.add_metric([*values, "inferred"], tally.errors_inferred)
    return family


def _tokens(labels: Sequence[str], tallies: dict[Labels, Tally]) -> CounterMetricFamily:
    """Where no call reported any there is no series, which is not zero."""
    family = CounterMetricFamily("tracehub_model_tokens", "Tokens as calls reported them", labels=[*labels, "type"])
    for values, tally in tallies.items():
        for type_, tokens in (("input", tally.input_tokens), ("output", tally.output_tokens)):
            if tokens is not None:
                family.add_metric([*values, type_], tokens)
    return family


def _durations(name: str, help_text: str, labels: Sequence[str], tallies: dict[Labels, Tally]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, help_text, labels=labels)
    for values, tally in tallies.items():
        counts = cumulative(tally.durations, _BOUNDS_MS)
        if counts[-1]:
            family.add_metric(values, list(zip(_LE, counts, strict=True)), (tally.total_us or 0) / 1e6)
    return family
