"""Two versions or aliases of agents side by side."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.analytics.comparing import FEW
from tracehub.analytics.usage import Usage, by, sum_of, usage
from tracehub.analytics.versions import version_changes
from tracehub.model.listing import Filter
from tracehub.model.tally import FIRST_TEXT, SESSION, TURN
from tracehub.store.same_questions import asked
from tracehub.web.filters import BadQueryError
from tracehub.web.pages import addresses
from tracehub.web.pages.filter_bar import SINCE, Choice, FilterBar, Option
from tracehub.web.pages.labels import version_label
from tracehub.web.pages.visible import one_line
from tracehub.web.reports.compare_metrics import metrics_table
from tracehub.web.reports.distribution_chart import distribution_chart
from tracehub.web.reports.filters import read_usage_filter
from tracehub.web.reports.report import Figure, Link, Report, covered
from tracehub.web.reports.tables import Column, Table, named, number, part_of, rate, table
from tracehub.web.reports.tools_report import CALLED, address_of

PATH = "/compare"
KINDS = (SESSION, TURN, FIRST_TEXT, "model", "retrieval", "guardrail", "agent", *CALLED)
_MOST_QUESTIONS = 20


class Side(msgspec.Struct, frozen=True):
    """Whom to compare: an agent, with its alias and version where they matter."""

    agent_id: str
    alias_id: str
    version: str

    @property
    def word(self) -> str:
        """As the address has it."""
        return f"{self.agent_id}/{self.alias_id}/{self.version}"

    @property
    def label(self) -> str:
        """As people read it."""
        behind = version_label(self.alias_id or None, self.version or None)
        return one_line(f"{self.agent_id}{' · ' + behind if behind else ''}", 80)

    def filter(self, within: Filter) -> Filter:
        """Their sessions and calls in a time."""
        return replace(
            within,
            agents=(self.agent_id,),
            aliases=(self.alias_id,) if self.alias_id else (),
            versions=(self.version,) if self.version else (),
        )


def compare_report(connection: Connection, query: QueryParams, *, now: int) -> Report:
    """The page; without a choice, of the version that an alias moved to last and the one before it."""
    within = read_usage_filter(query, now, also=("a", "b"))
    if within.agents or within.aliases or within.versions:
        raise BadQueryError("agent", "not on this page: a and b say whom to compare")
    every = usage(connection, within, [TURN, SESSION], now)
    sides = _known(every)
    a, b = _side(query, "a"), _side(query, "b")
    if a is None and b is None:
        a, b = _last_move(every)
    bar = _pickers(query, sides, a, b)
    blank = Report(
        section="compare",
        title="Compare",
        heading="Compare",
        path=PATH,
        filters=bar,
        period=covered(every),
        since=every.period.since,
        until=every.period.until,
        minutes=every.period.minutes,
        links=(Link("Compare two sessions", f"{PATH}/sessions"),),
        empty="Choose two aliases or versions above: their errors, latency, tokens and tools stand side by side here.",
    )
    if a is None or b is None:
        return blank
    of_a, of_b = (usage(connection, side.filter(within), KINDS, now) for side in (a, b))
    durations = distribution_chart(
        "How long turns take", sum_of(of_a.of(TURN)).durations, sum_of(of_b.of(TURN)).durations, (a.label, b.label)
    )
    questions = _same_questions(connection, a.filter(within), b.filter(within))
    return replace(
        blank,
        figures=(Figure("A", a.label), Figure("B", b.label)),
        items=(metrics_table(of_a, of_b, (a.label, b.label)), *durations, _tool_mix(of_a, of_b), *questions),
        notes=(
            "Differences are B less A. An interval holds with 95 %: where it holds 0, chance explains the difference.",
            f"Below {FEW} samples on a side nothing is concluded.",
        ),
    )


def _known(every: Usage) -> tuple[Side, ...]:
    """Every agent, alias and version with turns in this time, and each alias as a whole."""
    found = {(cell.agent_id or "", cell.alias_id or "", cell.agent_version or "") for cell in every.of(TURN)}
    found |= {(agent, alias, "") for agent, alias, _ in found}
    return tuple(Side(*words) for words in sorted(found) if words[0])


def _last_move(every: Usage) -> tuple[Side | None, Side | None]:
    changes = version_changes(every.of(TURN))
    if not changes:
        return None, None
    last = changes[-1]
    agent = last.agent_id or ""
    return Side(agent, last.alias_id, last.before), Side(agent, last.alias_id, last.version)


def _side(query: QueryParams, name: str) -> Side | None:
    word = query.get(name, "")
    if not word:
        return None
    agent, alias, version = [*word.split("/"), "", ""][:3]
    if word.count("/") > 2 or not agent or len(word) > 650 or "\x00" in word:
        raise BadQueryError(name, "an agent, its alias and its version with slashes between, as the form writes it")
    return Side(agent, alias, version)


def _pickers(query: QueryParams, sides: Iterable[Side], a: Side | None, b: Side | None) -> FilterBar:
    def picker(name: str, chosen: Side | None) -> Choice:
        offered = {side.word: side.label for side in sides}
        if chosen:
            offered.setdefault(chosen.word, chosen.label)
        options = (Option(word, label, chosen is not None and word == chosen.word) for word, label in offered.items())
        return Choice(name, name.upper(), "Choose…", tuple(options))

    since = query.get("since", "")
    times = Choice("since", "Started", "Any time", tuple(Option(v, text, v == since) for v, text in SINCE))
    return FilterBar(
        action=PATH,
        searched=None,
        problem=None,
        choices=(picker("a", a), picker("b", b), times),
        more=(),
        amounts=(),
        more_used=False,
        errors=None,
        chips=(),
    )


def _tool_mix(of_a: Usage, of_b: Usage) -> Table:
    """Which tools each calls, and how often they fail."""
    a, b = (by(side.of(*CALLED), lambda cell: cell.name) for side in (of_a, of_b))
    calls_a, calls_b = (sum(tally.calls for tally in side.values()) for side in (a, b))
    columns = (
        Column("tool", "Tool", number=False),
        Column("share_a", "A", hint="share of its tool calls"),
        Column("share_b", "B", hint="share of its tool calls"),
        Column("reported_a", "Reported A", hint="errors that AWS or the caller reported"),
        Column("reported_b", "Reported B"),
        Column("inferred_a", "Inferred A", hint="errors that a rule concluded from the output"),
        Column("inferred_b", "Inferred B"),
    )
    rows = []
    for name in sorted(
        {*a, *b}, key=lambda name: -(a[name].calls if name in a else 0) - (b[name].calls if name in b else 0)
    ):
        of_each = [(side.get(name), calls) for side, calls in ((a, calls_a), (b, calls_b))]
        shares = (rate(tally.calls if tally else 0, calls) for tally, calls in of_each)
        reported = (part_of(t.errors_reported, t.calls, tone="err") if t else named(None) for t, _ in of_each)
        inferred = (part_of(t.errors_inferred, t.calls, tone="soft") if t else named(None) for t, _ in of_each)
        rows.append((named(name, href=address_of(name)), *shares, *reported, *inferred))
    return table("tools", "Tool mix", columns, rows)


def _same_questions(connection: Connection, of_a: Filter, of_b: Filter) -> tuple[Table, ...]:
    """Questions that both were asked and only one side's sessions had errors with."""
    a, b = asked(connection, of_a), asked(connection, of_b)
    both = [question for question in a if question in b]
    tables = []
    for key, title, failing, other in (
        ("only_in_b", "The same question, errors only in B", b, a),
        ("only_in_a", "The same question, errors only in A", a, b),
    ):
        found = [q for q in both if failing[q].with_errors and not other[q].with_errors]
        found.sort(key=lambda q: -failing[q].with_errors)
        columns = (
            Column("question", "First question", number=False),
            Column("with_errors", "Sessions with errors", unit="with errors"),
            Column("sessions", "of", unit="sessions"),
            Column("other_sessions", "Without on the other side", unit="without"),
        )
        rows = [
            (
                named(q, href=addresses.session(failing[q].example)),
                number(failing[q].with_errors, tone="err"),
                number(failing[q].sessions),
                number(other[q].sessions),
            )
            for q in found[:_MOST_QUESTIONS]
        ]
        note = f"Of {len(both):,} questions that both were asked. A question leads to one of its sessions with errors."
        if rows:
            tables.append(table(key, title, columns, rows, note=note))
    return tuple(tables)
