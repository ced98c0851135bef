"""What the page of destinations shows."""

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.errors import PermanentError
from tracehub.model.destination import Destination, address_of, words_of
from tracehub.model.export_rows import Standing, Tried
from tracehub.store import destinations
from tracehub.web.export.destination_form import PRESETS
from tracehub.web.export.destination_states import state_of
from tracehub.web.export.written import toml_of
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import counted
from tracehub.web.pages.moments import Moment, ago, to_the_second
from tracehub.web.pages.notices import told
from tracehub.web.pages.source_states import StateWord
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.reports.report import Tab

DONE = {
    "added": "“{name}” was added. Send a test trace.",
    "changed": "“{name}” was changed.",
    "paused": "“{name}” is paused. What waits is kept.",
    "resumed": "“{name}” goes on.",
    "removed": "“{name}” was removed, with all that waited for it.",
    "again": "{name} put in the queue.",
}
EXAMPLE = """[[destinations]]                                  # Datadog, without an Agent
name = "datadog"
endpoint = "https://otlp.datadoghq.com"
dialect = "datadog"
headers = { dd-api-key = "env:DD_API_KEY" }

[[destinations]]                                  # Tempo, Phoenix, MLflow, a Collector …
name = "tempo"
endpoint = "http://tempo:4318"
"""
_DIALECTS = {"genai": "OpenTelemetry GenAI", "openinference": "with OpenInference", "datadog": "Datadog"}
_CONTENT = {"off": "no content", "truncated": "content truncated", "full": "whole content"}
_DECLARED = {"file": "declared in the configuration file", "ui": "declared here"}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number, or a moment; `why` says what it counts."""

    name: str
    value: str = ""
    at: Moment | None = None
    why: str
    href: str | None = None
    tone: str = ""


class DestinationCard(msgspec.Struct, frozen=True, kw_only=True):
    """One destination. `stopped` is why sending stopped by itself, `error` the last thing that went wrong."""

    name: str
    address: str
    state: StateWord
    kind: str
    declared: str
    endpoint: str
    narrowed: str
    figures: tuple[Figure, ...]
    stopped: str
    error: str
    error_at: Moment | None
    undelivered: str
    standing_still: bool
    edit: str | None
    toml: str
    tested: Tried | None
    problem: str
    again: str


class DestinationsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of destinations.html."""

    section: str = "destinations"
    title: str = "Export"
    notice: str | None
    cards: tuple[DestinationCard, ...]
    summary: str
    as_of: Moment | None
    presets: tuple[Tab, ...]
    example: str = EXAMPLE


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown at one destination: what came back of a test, or why what was typed cannot be used."""

    name: str
    tested: Tried | None = None
    problem: str = ""
    typed: str = ""


def destinations_page(
    connection: Connection, query: QueryParams, *, now: int, said: Said | None = None
) -> DestinationsPage:
    """Every destination and how it stands."""
    found = destinations.standing(connection, now=now)
    waiting = sum(each.pending + each.held + each.retrying + each.sending for each in found)
    return DestinationsPage(
        notice=told(query, DONE),
        cards=tuple(
            _card(each, now, said if said is not None and said.name == each.destination.name else None)
            for each in found
        ),
        summary=f"{counted(len(found), 'destination')}, {counted(waiting, 'trace')} waiting",
        as_of=to_the_second(now),
        presets=tuple(Tab(text, f"/destinations/new?preset={name}", False) for name, text in PRESETS.items()),
    )


def _card(standing: Standing, now: int, said: Said | None) -> DestinationCard:
    row = standing.destination
    address = addresses.destination(row.name)
    try:
        declared: Destination | None = destinations.read(row)
    except PermanentError:
        declared = None
    return DestinationCard(
        name=one_line(row.name, 100),
        address=address,
        state=state_of(standing, traces=declared is None or declared.traces),
        kind=_kind(declared) if declared else "cannot be read by this version",
        declared=_DECLARED.get(row.declared_in, one_line(row.declared_in, 40)),
        endpoint=one_line(address_of(declared, "traces"), 200) if declared else "",
        narrowed=_narrowed(declared) if declared else "",
        figures=_figures(standing, now, address),
        stopped=visible(row.stopped_reason or ""),
        error=visible(row.last_error or ""),
        error_at=ago(row.last_error_at, now),
        undelivered=f"{address}/undelivered",
        standing_still=row.stands_still,
        edit=f"{address}/edit" if row.declared_in == "ui" else None,
        toml=visible(toml_of(words_of(declared))) if declared else visible(row.declaration),
        tested=Tried(went_well=said.tested.went_well, said=visible(said.tested.said), remedy=said.tested.remedy)
        if said and said.tested
        else None,
        problem=visible(said.problem) if said else "",
        again=visible(said.typed) if said else "",
    )


def _kind(declared: Destination) -> str:
    signals = " and ".join(name for name in ("traces", "metrics") if getattr(declared, name)) or "nothing"
    over = "gRPC" if declared.protocol == "grpc" else "HTTP"
    return f"{_DIALECTS[declared.dialect]} · {signals} · {_CONTENT[declared.content]} · {over}"


def _narrowed(declared: Destination) -> str:
    parts = []
    choice, sampling = declared.filter, declared.sampling
    for label, values in (("agents", choice.agents), ("aliases", choice.aliases), ("outcomes", choice.outcomes)):
        if values:
            parts.append(f"{label} {', '.join(one_line(str(value), 40) for value in values)}")
    if sampling.share < 1:
        slow = f", and all over {sampling.slower_than_seconds:g} s" if sampling.slower_than_seconds else ""
        errors = ", and all with errors" if sampling.errors else ""
        parts.append(f"{sampling.share * 100:g} % of traces{errors}{slow}")
    return "Only " + "; ".join(parts) if parts else ""


def _figures(standing: Standing, now: int, address: str) -> tuple[Figure, ...]:
    row, undelivered = standing.destination, f"{address}/undelivered"
    lost = (
        ("Rejected", row.rejected_traces, "Traces that the receiver refused for good", "rejected"),
        ("Too large", row.too_large_traces, "Traces of which a span is too large for it even alone", "too_large"),
        ("Expired", row.expired_traces, "Traces that waited too long, or grew too old for it", "expired"),
    )
    return (
        Figure(name="Delivered", value=f"{row.delivered_traces:,}", why="Traces that it acknowledged"),
        Figure(name="Spans", value=f"{row.delivered_spans:,}", why="Spans that it acknowledged"),
        Figure(
            name="Spans a minute",
            value="—" if standing.per_minute is None else f"{standing.per_minute:,}",
            why="In the last whole minute; — where nothing was delivered lately",
        ),
        Figure(name="Held", value=f"{standing.held:,}", why="Traces that are not complete yet"),
        Figure(name="Pending", value=f"{standing.pending + standing.sending:,}", why="Traces whose turn comes"),
        Figure(
            name="Retrying",
            value=f"{standing.retrying:,}",
            why="Traces that were not taken yet",
            href=undelivered if standing.retrying else None,
            tone="warn" if standing.retrying else "",
        ),
        Figure(name="Oldest waiting", at=ago(standing.oldest_due_at, now), why="Since when the oldest due trace waits"),
        *(
            Figure(
                name=name,
                value=f"{number:,}",
                why=why,
                href=f"{undelivered}?state={state}" if number else None,
                tone="err" if number else "",
            )
            for name, number, why, state in lost
        ),
        Figure(
            name="Dropped",
            value=f"{row.dropped_traces:,}",
            why="The oldest of more traces than may wait",
            tone="err" if row.dropped_traces else "",
        ),
        Figure(name="Last delivered", at=ago(row.last_delivered_at, now), why="Nothing was delivered yet"),
    )
