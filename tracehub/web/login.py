"""The login form for browsers, where keys are set."""

import re
from collections import deque
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from tracehub.web.dependencies import Parts
from tracehub.web.pages.plain_pages import login_page
from tracehub.web.safety.authentication import LIFETIME_SECONDS, cookie_for, cookie_name, matching_key

router = APIRouter(include_in_schema=False)

ATTEMPTS = 5
WITHIN_US = 60_000_000
MOST_ADDRESSES = 10_000
_LOCAL = re.compile(r"/(?:[^/\\\x00-\x1f][^\\\x00-\x1f]*)?")
_attempts: dict[str, deque[int]] = {}


@router.get("/login")
def show_login(request: Request) -> Response:
    """The form."""
    return login_page(local_path(request.query_params.get("next")))


@router.post("/login")
def log_in(
    request: Request, parts: Parts, key: Annotated[str, Form()] = "", next: Annotated[str, Form()] = ""
) -> Response:
    """Sets the cookie and goes on to the page asked for; at most ATTEMPTS a minute from one address."""
    _refuse_guessing(request.client.host if request.client else "", parts.clock())
    keys = tuple(known.get_secret_value() for known in parts.settings.api_keys)
    matched = matching_key(key, keys)
    if matched is None:
        return login_page(local_path(next), "That is none of this server's keys.", 401)
    answer = RedirectResponse(local_path(next), 303)
    answer.set_cookie(
        cookie_name(request),
        cookie_for(matched, parts.clock()),
        max_age=LIFETIME_SECONDS,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Forgets the cookie."""
    answer = RedirectResponse("/login", 303)
    secure = request.url.scheme == "https"
    answer.delete_cookie(cookie_name(request), path="/", secure=secure, httponly=True, samesite="lax")
    return answer


def local_path(wanted: str | None) -> str:
    """`wanted` where it is a path of this server, else the start."""
    return wanted if wanted and _LOCAL.fullmatch(wanted) else "/"


def _refuse_guessing(address: str, now: int) -> None:
    if address not in _attempts and len(_attempts) >= MOST_ADDRESSES:
        _attempts.clear()
    recent = _attempts.setdefault(address, deque(maxlen=ATTEMPTS))
    while recent and recent[0] < now - WITHIN_US:
        recent.popleft()
    if len(recent) == ATTEMPTS:
        raise HTTPException(429, "wait a minute before the next attempt", {"Retry-After": "60"})
    recent.append(now)
