"""The addresses of the twins: lists of sessions, their spans, one session, sources, quarantine."""

from collections.abc import Iterable, Iterator

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response, StreamingResponse

from tracehub.analytics import content
from tracehub.model.listing import Filter, SessionOrder
from tracehub.model.span import SPAN_KINDS
from tracehub.store import sessions, spans, traces
from tracehub.web.api.describe import answer, session, trace_summary
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.filters import BadQueryError, read_filter
from tracehub.web.pages import addresses
from tracehub.web.pages.addresses import named
from tracehub.web.pages.list_order import read_order
from tracehub.web.pages.nearest import LIST_KEYS
from tracehub.web.paging import cursors_of, keys_of, read_cursor
from tracehub.web.twins import session_columns, span_columns
from tracehub.web.twins.parquet import parquet, require_pyarrow
from tracehub.web.twins.values import Value, csv_of, markdown, ndjson, spoken
from tracehub.web.twins.walking import every_session, every_span

router = APIRouter(include_in_schema=False)
_HEADERS = {"Content-Security-Policy": "sandbox; default-src 'none'"}
_MARKDOWN = "text/markdown; charset=utf-8"
_CSV = "text/csv; charset=utf-8; header=present"
_NDJSON = "application/x-ndjson"


@router.get("/sessions.json")
def sessions_json(request: Request, connection: Reading, parts: Parts) -> Response:
    """The page of the list, in the API's shape."""
    query = request.query_params
    filter, order = _list(query, parts.clock())
    cursor = read_cursor(query.get("cursor"))
    page = sessions.page(connection, filter, **keys_of(cursor), limit=parts.settings.page_size, order=order)
    older, newer = cursors_of(page)
    return answer({"items": [session(row) for row in page.rows], "older": older, "newer": newer})


@router.get("/sessions.ndjson")
def sessions_ndjson(request: Request, parts: Parts) -> Response:
    """Every matching session, one a line."""
    filter, order = _list(request.query_params, parts.clock())
    rows = (session_columns.values_of(row) for row in every_session(parts.reading, filter, order))
    return _streamed(ndjson(session_columns.COLUMNS, rows), _NDJSON, "sessions.ndjson")


@router.get("/sessions.csv")
def sessions_csv(request: Request, parts: Parts) -> Response:
    """Every matching session as CSV."""
    filter, order = _list(request.query_params, parts.clock())
    rows = (session_columns.values_of(row) for row in every_session(parts.reading, filter, order))
    return _streamed(csv_of(session_columns.COLUMNS, rows), _CSV, "sessions.csv")


@router.get("/sessions.md")
def sessions_markdown(request: Request, connection: Reading, parts: Parts) -> Response:
    """The page of the list as a Markdown table."""
    query = request.query_params
    filter, order = _list(query, parts.clock())
    cursor = read_cursor(query.get("cursor"))
    page = sessions.page(connection, filter, **keys_of(cursor), limit=parts.settings.page_size, order=order)
    rows = [session_columns.values_of(row) for row in page.rows]
    return _streamed(markdown("Sessions", session_columns.COLUMNS, rows), _MARKDOWN, "sessions.md")


@router.get("/spans.ndjson")
def spans_ndjson(request: Request, parts: Parts) -> Response:
    """The spans of every matching trace, one a line."""
    return _streamed(ndjson(span_columns.COLUMNS, _spans(request, parts)), _NDJSON, "spans.ndjson")


@router.get("/spans.csv")
def spans_csv(request: Request, parts: Parts) -> Response:
    """The spans of every matching trace as CSV."""
    return _streamed(csv_of(span_columns.COLUMNS, _spans(request, parts)), _CSV, "spans.csv")


@router.get("/spans.parquet")
def spans_parquet(request: Request, parts: Parts) -> Response:
    """The spans of every matching trace as Parquet."""
    rows = _spans(request, parts)
    require_pyarrow()
    return _streamed(parquet(span_columns.COLUMNS, rows), "application/vnd.apache.parquet", "spans.parquet")


@router.get("/sessions/{session_id:path}.json")
def session_json(session_id: str, connection: Reading) -> Response:
    """A session with its turns, and the spans of each as timelines show them."""
    row = sessions.get(connection, named(session_id))
    turns = traces.of_session(connection, row.session_id)
    found = spans.of_traces(connection, [turn.trace_id for turn in turns])
    described = [
        {
            **trace_summary(turn),
            "spans": [
                spoken(span_columns.COLUMNS, span_columns.values_of(turn, span))
                for span in found.get(turn.trace_id, ())
            ],
        }
        for turn in turns
    ]
    return answer({**session(row), "traces": described})


@router.get("/sessions/{session_id:path}.ndjson")
def session_ndjson(session_id: str, connection: Reading, parts: Parts) -> Response:
    """The raw events of all turns of a session, one a line: importing them gives the session again."""
    row = sessions.get(connection, named(session_id))
    turns = [turn.trace_id for turn in traces.of_session(connection, row.session_id)]

    def lines() -> Iterator[bytes]:
        for trace_id in turns:
            with parts.reading() as of_turn:
                yield b"".join(line + b"\n" for line in content.events(of_turn, trace_id))

    return _streamed(lines(), _NDJSON, "session.ndjson")


@router.get("/sessions/{session_id:path}.md")
def session_markdown(session_id: str) -> Response:
    """A session as Markdown."""
    return RedirectResponse(addresses.session_markdown(named(session_id)), 307)


def _list(query: QueryParams, now: int) -> tuple[Filter, SessionOrder]:
    return read_filter(query, now, also=LIST_KEYS), read_order(query)


def _spans(request: Request, parts: Parts) -> Iterator[tuple[Value, ...]]:
    """Rows of the spans that the query asks for: the filters of the list, and `kind`."""
    query = request.query_params
    filter = read_filter(query, parts.clock(), also=(*LIST_KEYS, "kind"))
    kinds = tuple(kind for kind in query.getlist("kind") if kind)
    for kind in kinds:
        if kind not in SPAN_KINDS:
            raise BadQueryError("kind", f"one of {', '.join(SPAN_KINDS)}")
    return (span_columns.values_of(trace, span) for trace, span in every_span(parts.reading, filter, kinds))


def _streamed(pieces: Iterable[bytes], media_type: str, name: str) -> Response:
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type=media_type, headers=headers)
