"""The addresses of the pages and their fragments."""

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from tracehub.errors import NotFoundError
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.pages.addresses import named
from tracehub.web.pages.chat_page import chat_page
from tracehub.web.pages.help_page import HelpPage
from tracehub.web.pages.panel import Panel
from tracehub.web.pages.quarantine_page import quarantine_page
from tracehub.web.pages.raw_page import raw_page
from tracehub.web.pages.rendering import fragment, page
from tracehub.web.pages.session_page import one_turn, session_page
from tracehub.web.pages.session_view import read_view
from tracehub.web.pages.sessions_page import sessions_page
from tracehub.web.pages.steps import StepId, panel_at, read_step, require_span_id, require_trace_id
from tracehub.web.pages.visible import one_line

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class StepFragment(msgspec.Struct, frozen=True):
    """The context of session.html's block `step` alone."""

    panel: Panel


@router.get("/")
def start() -> RedirectResponse:
    """The sessions are where one begins."""
    return RedirectResponse("/sessions", 307)


@router.get("/sessions")
def list_of_sessions(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """The sessions, newest first."""
    limit, address = parts.settings.page_size, str(request.base_url).rstrip("/")
    shown = sessions_page(connection, request.query_params, now=parts.clock(), limit=limit, address=address)
    return page("sessions.html", shown)


@router.get("/_/sessions/{session_id:path}/turns/{trace_id}")
def turn_of_session(
    request: Request, session_id: str, trace_id: str, connection: Reading, parts: Parts
) -> HTMLResponse:
    """The steps of one turn."""
    turn = one_turn(
        connection, parts.knowledge, named(session_id), require_trace_id(trace_id), read_view(request.query_params)
    )
    return fragment("session.html", "turn_body", turn=turn)


@router.get("/_/sessions/{session_id:path}/steps/{trace_id}/{span_id}")
def step_of_session(
    request: Request, session_id: str, trace_id: str, span_id: str, connection: Reading, parts: Parts
) -> HTMLResponse:
    """The panel of one step."""
    step = StepId(require_trace_id(trace_id), require_span_id(span_id))
    panel = panel_at(connection, parts.knowledge, named(session_id), step, read_view(request.query_params))
    return fragment("session.html", "step", page=StepFragment(panel))


@router.get("/sessions/{session_id:path}")
def session(request: Request, session_id: str, connection: Reading, parts: Parts) -> HTMLResponse:
    """One session; `?step=trace.span` opens a step's panel, `?turn=trace` shows that turn whole, `?view=` the
    conversation or the raw events."""
    session_id, query = named(session_id), request.query_params
    view, now = read_view(query), parts.clock()
    word, opened, first = query.get("step"), query.get("turn"), _number(query.get("from", ""))
    if view.form == "chat":
        chat = chat_page(connection, parts.knowledge, session_id, view, now=now, first=first, opened=opened)
        return page("session_chat.html", chat)
    if view.form == "raw":
        return page("session_raw.html", raw_page(connection, session_id, view, now=now, first=first, opened=opened))
    panel, lost = None, None
    if word:
        try:
            step = read_step(word)
            panel = panel_at(connection, parts.knowledge, session_id, step, view) if step else None
        except NotFoundError:
            panel = None
        lost = None if panel else one_line(word, 60)
    shown = session_page(
        connection,
        parts.knowledge,
        session_id,
        view,
        now=now,
        panel=panel,
        opened=opened,
        first=first,
        lost_step=lost,
        hit=query.get("hit", ""),
    )
    return page("session.html", shown)


@router.get("/help")
def help_for_people() -> HTMLResponse:
    """Words, marks, keys and addresses."""
    return page("help.html", HelpPage())


@router.get("/quarantine")
def list_of_quarantine(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """What could not be read, newest first."""
    limit = parts.settings.page_size
    return page("quarantine.html", quarantine_page(connection, request.query_params, now=parts.clock(), limit=limit))


def _number(word: str) -> int:
    """The number of a turn; the first where the word is none."""
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else 1
