"""Lets in who holds a key: as a bearer, or logged in with a cookie."""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tracehub.web.problems import problem

# Firehose shows its key in a header of its own, which its endpoint checks.
PUBLIC = {"/healthz", "/readyz", "/login", "/ingest/firehose"}
PUBLIC_FOLDER = "/static/"
LIFETIME_SECONDS = 12 * 3600


class Authentication:
    """Where there are keys, every path but the public ones needs one. Without keys, everything is open: the app binds
    to loopback only then."""

    def __init__(self, app: ASGIApp, keys: tuple[str, ...], clock: Callable[[], int]) -> None:
        self._app = app
        self._keys = keys
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on who may come in; sends browsers to the login page and programs away."""
        if scope["type"] != "http" or not self._keys or _public(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if is_admitted(request, self._keys, self._clock()):
            await self._app(scope, receive, send)
        elif request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            await RedirectResponse(f"/login?next={quote(wanted)}", 303)(scope, receive, send)
        else:
            said = "send Authorization: Bearer with one of TRACEHUB_API_KEYS"
            await problem(request, 401, said, {"WWW-Authenticate": "Bearer"})(scope, receive, send)


def is_admitted(request: Request, keys: tuple[str, ...], now: int) -> bool:
    """Whether there are no keys, or the request holds one as a bearer or is logged in."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if not keys or (scheme.lower() == "bearer" and matching_key(key.strip(), keys) is not None):
        return True
    return is_logged_in(request, keys, now)


def matching_key(given: str, keys: tuple[str, ...]) -> str | None:
    """The key that `given` is; every key is compared, in constant time."""
    found = None
    for key in keys:
        if hmac.compare_digest(given.encode("utf-8", "replace"), key.encode()):
            found = key
    return found


def cookie_name(request: Request) -> str:
    """Over TLS the prefix ties the cookie to this host alone."""
    return "__Host-tracehub" if request.url.scheme == "https" else "tracehub"


def cookie_for(key: str, now: int) -> str:
    """A cookie's value that is good for LIFETIME_SECONDS from `now` (microseconds), as long as the key is."""
    expires = now // 1_000_000 + LIFETIME_SECONDS
    return f"{expires}.{_signature(key, expires)}"


def is_logged_in(request: Request, keys: tuple[str, ...], now: int) -> bool:
    """Whether the request's cookie was signed with one of `keys` and has not expired."""
    expires, _, signature = request.cookies.get(cookie_name(request), "").partition(".")
    if not (expires.isascii() and expires.isdigit() and len(expires) < 12) or int(expires) * 1_000_000 < now:
        return False
    given = signature.encode("utf-8", "replace")
    return any(hmac.compare_digest(given, _signature(key, int(expires)).encode()) for key in keys)


def _signature(key: str, expires: int) -> str:
    return hmac.new(hashlib.sha256(b"tracehub login\0" + key.encode()).digest(), b"%d" % expires, "sha256").hexdigest()


def _public(path: str) -> bool:
    return path in PUBLIC or path.startswith(PUBLIC_FOLDER)
