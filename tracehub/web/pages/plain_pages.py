"""The pages that need no store: signing in, and what is wrong."""

import msgspec
from fastapi.responses import HTMLResponse

from tracehub.web.pages.rendering import environment, page, render_block


class LoginPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of login.html; `next` is the path to go on to."""

    section: str = ""
    title: str = "Sign in"
    problem: str | None
    next: str


class ErrorPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of error.html."""

    section: str = ""
    title: str
    status: int
    heading: str
    detail: str
    request_id: str


def login_page(next_path: str, problem: str | None = None, status: int = 200) -> HTMLResponse:
    """The form that asks for a key; `problem` says why the last one was refused."""
    return page("login.html", LoginPage(problem=problem, next=next_path), status)


def render_error_page(status: int, title: str, detail: str, request_id: str, *, fragment: bool) -> str:
    """The whole page, or for a fragment only what stands in its place."""
    context = ErrorPage(title=title, status=status, heading=title, detail=detail, request_id=request_id)
    if fragment:
        return render_block("error.html", "problem", page=context)
    return environment().get_template("error.html").render(page=context)
