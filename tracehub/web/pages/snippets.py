"""Under each session of a list: where in it was found what was searched for."""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from tracehub.model.search.hits import hits
from tracehub.model.search.query import Field, Query
from tracehub.model.search.texts import SearchedText
from tracehub.store import search
from tracehub.web.pages import addresses
from tracehub.web.pages.highlight import Bit, highlighted

MOST_OF_A_SESSION = 2
# Of all texts of a page together this many characters are looked through.
MOST_CHARACTERS = 1_000_000

LABELS = {
    Field.QUESTION: "Question",
    Field.ANSWER: "Answer",
    Field.RATIONALE: "Rationale",
    Field.TOOL_INPUT: "Tool input",
    Field.TOOL_OUTPUT: "Tool output",
    Field.REFERENCE: "Reference",
    Field.ERROR: "Error",
    Field.CODE: "Code",
    Field.QUERY: "Query",
    Field.OTHER: "Name",
}


class Snippet(msgspec.Struct, frozen=True):
    """A line of the text in which something was found; `href` opens its step."""

    field: str
    href: str
    bits: tuple[Bit, ...]


def snippets(connection: Connection, query: Query, session_ids: Sequence[str]) -> dict[str, tuple[Snippet, ...]]:
    """At most MOST_OF_A_SESSION of one matching trace of each session; none where looking would take too long."""
    found = search.one_of_each(connection, query, session_ids)
    left = MOST_CHARACTERS
    shown: dict[str, tuple[Snippet, ...]] = {}
    for session_id in session_ids:
        trace_id = found.get(session_id)
        if trace_id is None or left <= 0:
            continue
        texts = search.texts(connection, [trace_id]).get(trace_id, ())
        left -= sum(len(each.text) for each in texts)
        shown[session_id] = tuple(_of_trace(session_id, trace_id, texts, query))
    return shown


def _of_trace(session_id: str, trace_id: str, texts: Iterable[SearchedText], query: Query) -> Iterable[Snippet]:
    """The texts in which the most is found first."""
    found = [(places, each) for each in texts if (places := hits(each, query))]
    found.sort(key=lambda pair: -len(pair[0]))
    for places, each in found[:MOST_OF_A_SESSION]:
        href = addresses.step(session_id, trace_id, each.span_id)
        yield Snippet(LABELS[each.field], href, highlighted(each.text, places))
