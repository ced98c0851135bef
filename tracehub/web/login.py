"""The login form for browsers, where keys are set."""

import re
from typing import Annotated, cast

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from tracehub.web.dependencies import Parts
from tracehub.web.pages.plain_pages import login_page
from tracehub.web.safety.attempts import ATTEMPTS, Attempts
from tracehub.web.safety.authentication import LIFETIME_SECONDS, cookie_for, cookie_name, matching_key

router = APIRouter(include_in_schema=False)

_LOCAL = re.compile(r"/(?:[^/\\\x00-\x1f][^\\\x00-\x1f]*)?")


@router.get("/login")
def show_login(request: Request) -> Response:
    """The form."""
    return login_page(local_path(request.query_params.get("next")))


@router.post("/login")
def log_in(
    request: Request, parts: Parts, key: Annotated[str, Form()] = "", next: Annotated[str, Form()] = ""
) -> Response:
    """Sets the cookie and goes on to the page asked for; a few attempts a minute from one address."""
    attempts = cast("Attempts", request.app.state.login_attempts)
    if not attempts.allow(request.client.host if request.client else "", parts.clock()):
        raise HTTPException(429, f"{ATTEMPTS} attempts a minute are allowed", {"Retry-After": "60"})
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
