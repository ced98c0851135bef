"""POST /records: traces handed in over HTTP."""

from typing import cast
from urllib.parse import unquote

import msgspec
from fastapi import APIRouter, HTTPException, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from tracehub.model.record import Record
from tracehub.web.api import answers
from tracehub.web.api.describe import answer
from tracehub.web.dependencies import dependencies_of
from tracehub.web.intake import Intake
from tracehub.web.problems import TITLES

router = APIRouter(tags=["records"])
MOST_SOURCE = 500
ENCODINGS = {"", "identity", "gzip", "x-gzip", "zstd"}


@router.post(
    "/records",
    response_model=answers.Counts,
    responses={
        408: {"model": answers.Problem},
        413: {"model": answers.Problem},
        415: {"model": answers.Problem},
        422: {"model": answers.Problem, "description": "The body is empty, or nothing in it could be read"},
        503: {"model": answers.Problem, "description": "Not stored; try again after Retry-After seconds"},
    },
    openapi_extra={"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string"}}}}},
)
async def post_records(request: Request) -> Response:
    """Takes one body of any envelope, plain, gzip or zstd, and answers when all that it holds is durable.

    Sending the same again changes nothing. X-Tracehub-Source may name where it comes from (percent-encoded), for
    whoever looks at what was quarantined.
    """
    parts = dependencies_of(request)
    _refuse_foreign(request)
    intake = cast("Intake", request.app.state.intake)
    with intake.holding(_announced(request, parts.settings.max_body_bytes)):
        try:
            body = await request.body()
        except ClientDisconnect:
            raise HTTPException(400, "the body ended early") from None
        if not body.strip():
            raise HTTPException(422, "the body is empty")
        record = Record(data=body, source=_source(request), received_at=parts.clock())
        counts = await intake.run(lambda: parts.take_pushed([record], "HTTP push", "push", ()))
    content = msgspec.structs.asdict(counts)
    if counts.quarantined and counts.quarantined == counts.records:
        said = "nothing in the body could be read; it is kept in quarantine"
        request_id = request.scope.get("state", {}).get("request_id", "")
        problem = {"type": "about:blank", "title": TITLES[422], "status": 422, "detail": said, "request_id": request_id}
        return Response(msgspec.json.encode({**problem, **content}), 422, media_type="application/problem+json")
    return answer(content)


def _announced(request: Request, limit: int) -> int:
    """The bytes that the body may have: what the client says, or all that is allowed."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 12 else limit


def _source(request: Request) -> str:
    client = request.client.host if request.client else "unknown"
    named = unquote(request.headers.get("x-tracehub-source", ""))[:MOST_SOURCE]
    return f"http {client} {named}".strip()


def _refuse_foreign(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise HTTPException(415, f"Content-Encoding {encoding[:50]} is not understood: gzip, zstd or none")
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise HTTPException(415, "send the traces as the body itself, not as a form")
