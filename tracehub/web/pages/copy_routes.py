"""The files behind "Copy as"."""

from fastapi import APIRouter
from fastapi.responses import Response

from tracehub.analytics import content
from tracehub.errors import NotFoundError
from tracehub.store import sessions, traces
from tracehub.web.api import describe
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.pages.boto3_call import invoke_agent_call
from tracehub.web.pages.chat_page import MOST_EVENTS
from tracehub.web.pages.panel import find_step
from tracehub.web.pages.saved_file import saved_file
from tracehub.web.pages.steps import require_span_id, require_trace_id
from tracehub.web.pages.transcript import session_markdown, turn_markdown
from tracehub.web.pages.turn_pages import turn_page

_MARKDOWN = "text/markdown; charset=utf-8"

router = APIRouter(include_in_schema=False)


@router.get("/transcripts/{session_id:path}")
def session_transcript(session_id: str, connection: Reading, parts: Parts) -> Response:
    """A session as Markdown: its first turns where it is long."""
    row = sessions.get(connection, session_id)
    every = traces.of_session(connection, session_id)
    listed = turn_page(session_id, every, "", first=1, most_events=MOST_EVENTS)
    found = (
        (number, content.trace(connection, turn.trace_id, parts.knowledge))
        for number, turn in enumerate(listed.rows, 1)
        if not turn.needs_reindex
    )
    text = session_markdown(row.session_id, found, listed.listed)
    return saved_file(text.encode("utf-8", "replace"), _MARKDOWN, "session.md")


@router.get("/traces/{trace_id}/turn.md")
def turn_transcript(trace_id: str, connection: Reading, parts: Parts) -> Response:
    """A turn as Markdown."""
    trace = content.trace(connection, require_trace_id(trace_id), parts.knowledge)
    return saved_file(turn_markdown(trace).encode("utf-8", "replace"), _MARKDOWN, f"{trace_id}.md")


@router.get("/traces/{trace_id}/invoke_agent.py")
def boto3_call(trace_id: str, connection: Reading, parts: Parts) -> Response:
    """A turn as the call that asks it."""
    text = invoke_agent_call(content.trace(connection, require_trace_id(trace_id), parts.knowledge))
    if text is None:
        raise NotFoundError("the trace of an inline agent does not hold what its call needs")
    return saved_file(text.encode("utf-8", "replace"), "text/x-python; charset=utf-8", f"{trace_id}.py")


@router.get("/traces/{trace_id}/spans/{span_id}.json")
def step_json(trace_id: str, span_id: str, connection: Reading, parts: Parts) -> Response:
    """A step as JSON, in the shape of the API."""
    trace = content.trace(connection, require_trace_id(trace_id), parts.knowledge)
    span, _, _ = find_step(trace, require_span_id(span_id))
    return saved_file(bytes(describe.answer(describe.span(span)).body), "application/json", f"{span_id}.json")
