"""Refuses writes that another site's page makes a browser send."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tracehub.web.problems import problem

SAFE = {"GET", "HEAD", "OPTIONS"}


class OriginCheck:
    """403 for an unsafe method whose Sec-Fetch-Site or Origin names another site.

    Programs send neither header; a bearer key cannot be sent by another site's page and is enough by itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what comes from our own pages, or from no page."""
        if scope["type"] == "http" and scope["method"] not in SAFE and not _same_site(Request(scope)):
            said = "this request was made by another site's page"
            await problem(Request(scope), 403, said)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _same_site(request: Request) -> bool:
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return True
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or _netloc(origin) == request.headers.get("host", "").lower()


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
