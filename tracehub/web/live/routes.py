"""The addresses of the Live page and of the streams."""

from collections.abc import AsyncIterator
from typing import cast

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from tracehub.web.dependencies import Parts, Reading, dependencies_of
from tracehub.web.filters import BadQueryError, read_filter
from tracehub.web.live import streams
from tracehub.web.live.page import live_page
from tracehub.web.live.subscribers import Subscribers
from tracehub.web.pages.addresses import named
from tracehub.web.pages.rendering import page
from tracehub.web.safety.authentication import is_admitted

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/live")
def live(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """The newest steps, and those that come while one looks."""
    return page("live.html", live_page(connection, request.query_params, now=parts.clock()))


@router.get("/_/live/stream")
async def stream_of_steps(request: Request, parts: Parts) -> StreamingResponse:
    """Steps as they arrive, with the list's filters; `after` and Last-Event-ID say where to begin."""
    filter = read_filter(request.query_params, parts.clock(), also=("after",))
    return _streamed(streams.steps(subscribers_of(request), filter, _after(request), _terms(request)))


@router.get("/_/sessions/{session_id:path}/stream")
async def stream_of_turns(request: Request, session_id: str) -> StreamingResponse:
    """The turns of a session that change."""
    after = _after(request)
    if after is None:
        raise BadQueryError("after", "a cursor")
    return _streamed(streams.turns(subscribers_of(request), named(session_id), after, _terms(request)))


def subscribers_of(request: Request) -> Subscribers:
    """Who listens to the app that serves `request`."""
    return cast("Subscribers", request.app.state.subscribers)


def _streamed(messages: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(messages, media_type="text/event-stream", headers=_HEADERS)


def _terms(request: Request) -> streams.Terms:
    parts = dependencies_of(request)
    keys = tuple(key.get_secret_value() for key in parts.settings.api_keys)
    return streams.Terms(clock=parts.clock, admitted=lambda: is_admitted(request, keys, parts.clock()))


def _after(request: Request) -> int | None:
    """The last message that the browser has had, else where its page ended; None where neither is known."""
    for word in (request.headers.get("last-event-id", ""), request.query_params.get("after", "")):
        if word.isascii() and word.isdigit() and len(word) <= 17:
            return int(word)
    return None
