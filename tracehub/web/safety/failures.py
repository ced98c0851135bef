"""Answers 500 where a handler failed in a way nobody foresaw."""

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracehub.web.problems import problem

_log = structlog.get_logger(__name__)


class Failures:
    """Logs what escaped with its traceback and answers with a problem, unless an answer has already begun.

    Starlette's own handler of last resort stands outside all middleware: its answers carry neither the safety headers
    nor the request's id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:  # the outermost loop of a request
            if begun:
                raise
            _log.error("a request failed", path=scope["path"], exc_info=error)
            said = "tracehub has logged what happened under this request's id"
            await problem(Request(scope), 500, said)(scope, receive, send)
