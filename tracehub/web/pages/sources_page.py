"""What the page of sources shows."""

from collections import Counter
from hashlib import blake2b

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.errors import PermanentError
from tracehub.model.source import words_of
from tracehub.model.source_rows import PUSHED, ObjectRow, SourceRow
from tracehub.store import s3_objects, sources
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import count, counted
from tracehub.web.pages.durations import between, duration
from tracehub.web.pages.moments import Moment, ago, to_the_second
from tracehub.web.pages.notices import told
from tracehub.web.pages.source_places import Doors, Place, places, pushed_to
from tracehub.web.pages.source_states import STATES, StateWord
from tracehub.web.pages.toml import toml_of
from tracehub.web.pages.traced_calls import TracedCalls, traced_calls
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.source_standing import Part, Standing, standing, words_in

KINDS = {"cloudwatch": "CloudWatch", "s3": "S3", "push": "HTTP push", "firehose": "Firehose", "proxy": "Proxy"}
DONE = {
    "added": "“{name}” was added.",
    "changed": "“{name}” was changed.",
    "paused": "“{name}” is paused.",
    "resumed": "“{name}” is read again.",
    "again": "“{name}” is collected again. What is stored already is known and stays as it is.",
    "removed": "“{name}” was removed. The traces that came from it stay.",
}
_DECLARED = {"file": "declared in the configuration file", "ui": "declared here", PUSHED: "came by itself"}
_LONG_ERROR = 300
_MOST_OBJECTS = 20


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number or moment of a source; `at` where it is a moment."""

    name: str
    value: str
    at: Moment | None = None
    href: str | None = None
    why: str = ""


class PartLine(msgspec.Struct, frozen=True, kw_only=True):
    """One shard."""

    shard: str
    state: StateWord
    behind: str
    waiting: str
    error: str
    error_at: Moment | None


class ObjectLine(msgspec.Struct, frozen=True, kw_only=True):
    """One object that could not be read."""

    key: str
    state: str
    error: str
    tries: str
    at: Moment | None


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """The last error; `begins` is its first words where it is long, `part` where it was if the source has several.

    It `stands` while it keeps something from being read, and `passes` where that needs nobody.
    """

    text: str
    begins: str | None
    part: str | None
    at: Moment | None
    stands: bool
    passes: bool


class Again(msgspec.Struct, frozen=True):
    """What was typed into Collect again, and why it cannot be used."""

    since: str
    problem: str


class SourceCard(msgspec.Struct, frozen=True, kw_only=True):
    """One source. Addresses are None for what cannot be done with it; `toml` is None where nothing is declared."""

    id: str
    name: str
    kind: str
    declared: str
    state: StateWord
    since: Moment | None
    hint: str | None
    places: tuple[Place, ...]
    figures: tuple[Figure, ...]
    trouble: Trouble | None
    parts: tuple[PartLine, ...]
    objects: tuple[ObjectLine, ...]
    toml: str | None
    paused: bool
    pushed: bool
    address: str
    edit: str | None
    removable: bool
    again: Again | None


class SourcesPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of sources.html; `address` is this server's own."""

    section: str = "sources"
    title: str = "Sources"
    notice: str | None
    cards: tuple[SourceCard, ...]
    summary: str
    traced: TracedCalls | None
    as_of: Moment | None
    address: str
    example: str


def sources_page(
    connection: Connection,
    query: QueryParams,
    *,
    now: int,
    doors: Doors,
    again: tuple[str, Again] | None = None,
) -> SourcesPage:
    """Every source; `again` is what was wrong with collecting the one of this name again."""
    rows = sources.every(connection)
    cards = tuple(
        _card(row, now, doors, _troubled(connection, row), again[1] if again and again[0] == row.name else None)
        for row in rows
    )
    return SourcesPage(
        notice=told(query, DONE),
        cards=cards,
        summary=_summary(cards),
        traced=traced_calls(connection, now),
        as_of=to_the_second(now),
        address=doors.web,
        example=_EXAMPLE,
    )


_EXAMPLE = toml_of(
    {"kind": "cloudwatch", "name": "orders", "log_groups": ["/aws/lambda/order-agent"], "region": "eu-central-1"}
)


def _card(
    row: SourceRow,
    now: int,
    doors: Doors,
    objects: tuple[ObjectRow, ...],
    again: Again | None = None,
) -> SourceCard:
    found = standing(row, now)
    pushed = row.declared_in == PUSHED
    declared_at = places(found.source) if found.source else ()
    return SourceCard(
        id=blake2b(row.name.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest(),
        name=one_line(row.name, 200),
        kind=KINDS.get(row.kind, one_line(row.kind, 40)),
        declared=_DECLARED.get(row.declared_in, one_line(row.declared_in, 40)),
        state=STATES[found.state],
        since=ago(row.stored_at, now) if found.state == "idle" else None,
        hint=STATES[found.state].says if found.state == "unread" else None,
        places=pushed_to(row.kind, doors) if pushed else declared_at,
        figures=_figures(row, found, now),
        trouble=_trouble(found, now),
        parts=tuple(_part(part, now) for part in found.parts) if len(found.parts) > 1 else (),
        objects=tuple(_object(each, now) for each in objects),
        toml=None if pushed else _toml(row, found),
        paused=row.paused,
        pushed=pushed,
        address=addresses.source(row.name),
        edit=f"{addresses.source(row.name)}/edit" if row.declared_in == "ui" else None,
        removable=row.declared_in == "ui",
        again=again,
    )


def _figures(row: SourceRow, found: Standing, now: int) -> tuple[Figure, ...]:
    counts = row.counts
    position = (
        Figure(name="Newest read", value="", at=ago(row.newest_at, now), why="No time of what was read is known"),
        Figure(name="Read until", value="", at=ago(found.read_until, now), why="Not known of all its parts"),
        Figure(
            name="Behind now",
            value=duration(between(found.read_until, now)),
            why="How long ago the part that is furthest behind was read",
        ),
        Figure(name="Waiting", value=count(found.waiting), why="What is known to lie there unread"),
    )
    stored = Figure(name="Last stored", value="", at=ago(row.stored_at, now), why="Nothing was stored yet")
    return (
        *((stored,) if row.declared_in == PUSHED else position),
        Figure(name="Last minute", value=count(found.per_minute), why="Records in the last whole minute"),
        Figure(name="Records", value=count(counts.records)),
        Figure(name="Events", value=count(counts.events), why="Events that were not known before"),
        Figure(name="Traces", value=count(counts.traces), why="Traces that got new events, batch by batch"),
        Figure(name="Duplicates", value=count(counts.duplicates), why="Events that were known already"),
        Figure(name="Ignored", value=count(counts.ignored), why="Records without a trace"),
        Figure(
            name="Quarantined",
            value=count(counts.quarantined),
            href="/quarantine" if counts.quarantined else None,
            why="Records that look like traces but could not be read",
        ),
    )


def _trouble(found: Standing, now: int) -> Trouble | None:
    if found.error is None:
        return None
    long = len(found.error) > _LONG_ERROR or "\n" in found.error.strip()
    return Trouble(
        text=visible(found.error),
        begins=one_line(found.error, 160) if long else None,
        part=one_line(found.error_in, 120) if found.error_in and len(found.parts) > 1 else None,
        at=ago(found.error_at, now),
        stands=found.error_stands,
        passes=found.state == "waiting",
    )


def _part(part: Part, now: int) -> PartLine:
    told = part.told
    return PartLine(
        shard=one_line(part.shard, 300),
        state=STATES[part.state],
        behind=duration(between(told.read_until, now)) if told else duration(None),
        waiting=count(told.waiting if told else None),
        error=visible(told.error) if told and told.error else "",
        error_at=ago(told.error_at, now) if told else None,
    )


def _troubled(connection: Connection, row: SourceRow) -> tuple[ObjectRow, ...]:
    return s3_objects.troubled(connection, row.name, _MOST_OBJECTS) if row.kind == "s3" else ()


def _object(row: ObjectRow, now: int) -> ObjectLine:
    return ObjectLine(
        key=visible(f"s3://{row.bucket}/{row.key}"),
        state="Given up" if row.state == "given_up" else "To be tried again",
        error=visible(row.error or ""),
        tries=counted(row.attempts, "try", "tries"),
        at=ago(row.updated_at, now),
    )


def _toml(row: SourceRow, found: Standing) -> str | None:
    try:
        return toml_of(words_of(found.source) if found.source else words_in(row))
    except (PermanentError, TypeError):
        return None


def _summary(cards: tuple[SourceCard, ...]) -> str:
    """`4 sources: 1 failing, 3 following`, the states in the order in which they want to be looked at."""
    found = Counter(card.state.text for card in cards)
    said = ", ".join(f"{found[word.text]} {word.text.lower()}" for word in _BY_URGENCY if found[word.text])
    return f"{counted(len(cards), 'source')}: {said}"


_BY_URGENCY = [
    STATES[state] for state in ("failing", "unread", "waiting", "paused", "reading", "following", "receiving", "idle")
]
