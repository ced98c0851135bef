"""GET /traces: summaries, whole trees, raw events."""

from collections.abc import Iterable, Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response, StreamingResponse

from tracehub.analytics import content
from tracehub.store import traces
from tracehub.web.api import answers
from tracehub.web.api.describe import answer, trace, trace_summary
from tracehub.web.api.parameters import LISTING, NOT_FOUND, read_listing
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.paging import cursors_of, keys_of

router = APIRouter(tags=["traces"])
TraceId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="32 hex digits: AWS's request id without dashes")]
# Raw content is somebody else's: never rendered, never run.
RAW_HEADERS = {"Content-Security-Policy": "sandbox; default-src 'none'"}
PIECE_BYTES = 256 * 1024


@router.get("/traces", response_model=answers.Page[answers.TraceSummary], **LISTING)
def list_traces(request: Request, parts: Parts, connection: Reading) -> Response:
    """Traces, the latest begun first."""
    wanted, cursor, limit = read_listing(request, parts, hex_ids=True)
    page = traces.page(connection, wanted, limit=limit, **keys_of(cursor))
    older, newer = cursors_of(page)
    return answer({"items": [trace_summary(row) for row in page.rows], "older": older, "newer": newer})


@router.get("/traces/{trace_id}", response_model=answers.TraceDetail, responses=NOT_FOUND)
def get_trace(trace_id: TraceId, parts: Parts, connection: Reading) -> Response:
    """One trace with its whole tree of spans and their full texts."""
    return answer(trace(content.trace(connection, trace_id, parts.knowledge)))


@router.get(
    "/traces/{trace_id}/events",
    response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {}}}, **NOT_FOUND},
)
def get_events(trace_id: TraceId, connection: Reading) -> Response:
    """The raw events as they were received, one JSON document a line. Importing them again changes nothing."""
    lines = content.events(connection, trace_id)
    name = f'attachment; filename="{trace_id}.jsonl"'
    headers = {**RAW_HEADERS, "Content-Disposition": name}
    return StreamingResponse(_in_pieces(lines), media_type="application/x-ndjson", headers=headers)


def _in_pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, some together: each piece costs a change of threads."""
    held = bytearray()
    for line in lines:
        held += line + b"\n"
        if len(held) >= PIECE_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)
