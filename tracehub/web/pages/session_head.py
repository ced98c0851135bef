"""What stands above every view of a session: who, when, how much, and the ways to look at it."""

from collections.abc import Mapping, Sequence

import msgspec

from tracehub.model.listing import SessionRow, TraceRow
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import count, money, tokens_in_out
from tracehub.web.pages.copies import Copy, copies_of_session
from tracehub.web.pages.durations import between, duration
from tracehub.web.pages.labels import Badge, agent_label, session_badges, version_label
from tracehub.web.pages.moments import Moment, exact
from tracehub.web.pages.neighbours import Neighbours
from tracehub.web.pages.session_view import FORMS, View, address_of
from tracehub.web.pages.turn_strip import Block, strip_of
from tracehub.web.pages.visible import visible

EMPTY: Mapping[str, int] = {}


class Figure(msgspec.Struct, frozen=True):
    """One number of the session; `hint` says what it covers."""

    name: str
    value: str
    hint: str


class Tab(msgspec.Struct, frozen=True):
    """One way to look at the session."""

    text: str
    href: str
    here: bool


class SessionHead(msgspec.Struct, frozen=True, kw_only=True):
    """The context of session_head.html. `stream` tells of changes; None where the session does not run."""

    session_id: str
    session_reported: bool
    href: str
    agent: str
    version: str
    started: Moment | None
    badges: tuple[Badge, ...]
    figures: tuple[Figure, ...]
    strip: tuple[Block, ...]
    tabs: tuple[Tab, ...]
    neighbours: Neighbours
    copies: tuple[Copy, ...]
    stream: str | None
    compare: str


def head_of(
    row: SessionRow, turns: Sequence[TraceRow], view: View, neighbours: Neighbours, running: Mapping[str, int] = EMPTY
) -> SessionHead:
    """The head of a session with these turns, between these neighbours. `running` is what the store says of it."""
    since = running.get(row.session_id)
    href = addresses.session(row.session_id)
    return SessionHead(
        session_id=visible(row.session_id),
        session_reported=row.session_reported,
        href=href,
        agent=visible(agent_label(row.agent_name, row.agent_id, row.inline)),
        version=visible(version_label(row.alias_id, row.agent_version)),
        started=exact(row.started_at),
        badges=session_badges(row, runs=since is not None),
        figures=_figures(row),
        strip=strip_of(turns),
        tabs=tuple(
            Tab(text, address_of(href, msgspec.structs.replace(view, form=form)), form == view.form)
            for form, text in FORMS.items()
        ),
        neighbours=neighbours,
        copies=copies_of_session(row.session_id),
        compare=addresses.comparison(row.session_id),
        stream=None if since is None else addresses.stream(row.session_id, since),
    )


def title_of(session_id: str) -> str:
    """The title of a session's page."""
    return f"{visible(session_id)[:40]} – Sessions"


def _figures(row: SessionRow) -> tuple[Figure, ...]:
    wall = between(row.started_at, row.ended_at)
    reported = f"reported by {row.calls_with_tokens:,} of {row.model_calls:,} model calls"
    priced = f"{row.priced_calls:,} of {row.model_calls:,} model calls have a price"
    return (
        Figure("Turns", count(row.turns), ""),
        Figure("Steps", count(row.steps), ""),
        Figure("Working", duration(row.working_us), "the turns' durations together"),
        Figure("First to last", duration(wall), "from the first turn's start to the last one's end"),
        Figure("Tokens in → out", tokens_in_out(row.input_tokens, row.output_tokens) or "—", reported),
        Figure("Cost", money(row.cost_usd, row.model_calls), priced),
    )
