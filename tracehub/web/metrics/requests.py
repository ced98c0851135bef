"""Counts and times every request by the template of its route, never by its address."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracehub.telemetry.measures import HTTP_REQUESTS, HTTP_SECONDS
from tracehub.telemetry.spans import span

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_API = "/api/v1"


class RequestMetrics:
    """Stands in front of everything else, so that what is refused is counted too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = "none"

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = "none"
        try:
            with span(method, http_request_method=method) as running:
                try:
                    await self._app(scope, receive, send_and_note)
                finally:
                    route = route_of(scope)
                    running.note(http_route=route, status=status)
        finally:
            HTTP_REQUESTS.add(method, route, status)
            HTTP_SECONDS.took(time.monotonic() - began, method, route)


def route_of(scope: Scope) -> str:
    """The template of the route that answered, `none` where none did."""
    template = getattr(scope.get("route"), "path", None)
    if template is None:
        return "none"
    # The router of the API is included under a prefix that its routes do not know of.
    under_api = scope["path"].startswith(f"{_API}/") and not template.startswith(_API)
    return f"{_API}{template}" if under_api else str(template)
