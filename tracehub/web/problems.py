"""Errors as answers: problem+json for programs (RFC 9457), a page for people."""

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from tracehub.errors import (
    LimitExceededError,
    NotFoundError,
    OverloadedError,
    PermanentError,
    StoreUnavailableError,
    TracehubError,
)
from tracehub.web.pages.plain_pages import render_error_page

_log = structlog.get_logger(__name__)

TITLES = {
    400: "Bad request",
    401: "A key is needed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "The body took too long",
    413: "Too large",
    414: "The address is too long",
    415: "This kind of content is not taken",
    421: "Not this server's name",
    422: "Cannot be processed",
    429: "Too many attempts",
    431: "The headers are too large",
    500: "Something went wrong in tracehub",
    503: "Not right now",
}


def install(app: FastAPI) -> None:
    """Makes every foreseen error of the app's handlers a problem; safety.failures answers the others."""

    @app.exception_handler(TracehubError)
    def tracehub_error(request: Request, error: TracehubError) -> Response:
        status, headers = status_of(error)
        return problem(request, status, str(error), headers)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        return problem(request, error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    def bad_parameter(request: Request, error: RequestValidationError) -> Response:
        said = "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
        return problem(request, 422, said)

    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeoutError)
    def database_error(request: Request, error: Exception) -> Response:
        _log.error("the database failed a request", path=request.url.path, error=str(getattr(error, "orig", error)))
        return problem(request, 503, "the database does not answer", {"Retry-After": "2"})


def status_of(error: TracehubError) -> tuple[int, dict[str, str]]:
    """The HTTP status that says the same, and its headers."""
    match error:
        case OverloadedError(retry_after=seconds):
            return 503, {"Retry-After": str(seconds)}
        case StoreUnavailableError():
            return 503, {"Retry-After": "2"}
        case LimitExceededError():
            return 413, {}
        case NotFoundError():
            return 404, {}
        case PermanentError():
            return 400, {}
        case _:
            return 503, {"Retry-After": "1"}


def problem(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The answer: JSON under /api, for fragments and for whoever does not ask for HTML; else a page."""
    title = TITLES.get(status, "Error")
    request_id = str(request.scope.get("state", {}).get("request_id", ""))
    detail = detail.encode("utf-8", "replace").decode()
    if not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", ""):
        page = render_error_page(status, title, detail, request_id, fragment=request.url.path.startswith("/_/"))
        return Response(page, status, headers, "text/html; charset=utf-8")
    return Response(problem_json(status, title, detail, request_id), status, headers, "application/problem+json")


def problem_json(status: int, title: str, detail: str, request_id: str) -> bytes:
    """The body of a problem."""
    return orjson.dumps(
        {"type": "about:blank", "title": title, "status": status, "detail": detail, "request_id": request_id}
    )
