"""Answers only under names that are this server's own, so that a page elsewhere cannot rebind its name to us."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tracehub.web.problems import problem

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# What says only that the process lives is asked by probes under whatever name they know.
UNNAMED = {"/healthz", "/readyz"}


class HostCheck:
    """421 for a Host that is neither loopback nor one of `names`.

    With `any_name` every name is taken: then a key is needed anyway, and rebinding a name gains nothing.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str], any_name: bool) -> None:
        self._app = app
        self._names = LOOPBACK | {name.lower().strip("[]") for name in names}
        self._any_name = any_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what names this server."""
        if scope["type"] == "http" and not self._any_name and scope["path"] not in UNNAMED:
            request = Request(scope)
            if name_in(request.headers.get("host", "")) not in self._names:
                said = "this server does not answer under this name; TRACEHUB_ALLOWED_HOSTS lists further ones"
                await problem(request, 421, said)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def name_in(host: str) -> str:
    """The name in a Host header, without its port and brackets."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
