"""Answers only under names that are this server's own, so that a page elsewhere cannot rebind its name to us."""

import re
from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tracehub.web.problems import problem

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# What says only that the process lives is asked by probes under whatever name they know.
UNNAMED = {"/healthz", "/readyz"}
_HOST = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[0-9a-z._-]+))(?::[0-9]{1,5})?")


class HostCheck:
    """400 for a Host that is missing, repeated or malformed; 421 for one that is neither loopback nor of `names`.

    With `any_name` every name is taken: then a key is needed anyway, and rebinding a name gains nothing.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str], any_name: bool) -> None:
        self._app = app
        self._names = LOOPBACK | {name.lower().strip("[]") for name in names}
        self._any_name = any_name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what names this server."""
        if scope["type"] == "http" and scope["path"] not in UNNAMED:
            refused = self._refusal(Request(scope).headers.getlist("host"))
            if refused:
                # The header cannot be trusted even to build this answer's address.
                named = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"host"]}
                await problem(Request(named), *refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, hosts: list[str]) -> tuple[int, str] | None:
        name = name_in(hosts[0]) if len(hosts) == 1 else None
        if name is None:
            return 400, "a request names its server in one Host header"
        if self._any_name or name in self._names:
            return None
        return 421, "this server does not answer under this name; TRACEHUB_ALLOWED_HOSTS lists further ones"


def name_in(host: str) -> str | None:
    """The name in a Host header, without its port and brackets; None where it is malformed."""
    found = _HOST.fullmatch(host.lower())
    return found and (found["six"] or found["name"])
