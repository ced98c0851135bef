"""GET /sessions."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from tracehub.store import sessions, traces
from tracehub.web.api import answers
from tracehub.web.api.describe import answer, session, trace_summary
from tracehub.web.api.parameters import LISTING, NOT_FOUND, read_listing
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.pages.addresses import named
from tracehub.web.paging import cursors_of, keys_of

router = APIRouter(tags=["sessions"])


@router.get("/sessions", response_model=answers.Page[answers.Session], **LISTING)
def list_sessions(request: Request, parts: Parts, connection: Reading) -> Response:
    """Sessions, the latest begun first."""
    wanted, cursor, limit = read_listing(request, parts)
    page = sessions.page(connection, wanted, limit=limit, **keys_of(cursor))
    older, newer = cursors_of(page)
    return answer({"items": [session(row) for row in page.rows], "older": older, "newer": newer})


@router.get("/sessions/{session_id}", response_model=answers.SessionDetail, responses=NOT_FOUND)
def get_session(session_id: str, connection: Reading) -> Response:
    """One session with its traces, in the order they began.

    An id with slashes or control characters is written as `~` and its base64url, as the pages' addresses have it.
    """
    session_id = named(session_id)
    row = sessions.get(connection, session_id)
    turns = traces.of_session(connection, session_id)
    return answer({**session(row), "traces": [trace_summary(turn) for turn in turns]})
