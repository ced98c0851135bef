"""/quarantine: what looked like a trace and could not be read."""

from typing import Annotated, cast

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from tracehub.store import quarantine
from tracehub.web.api import answers
from tracehub.web.api.describe import answer, quarantined
from tracehub.web.api.parameters import NOT_FOUND, PAGING, read_page
from tracehub.web.api.traces import RAW_HEADERS
from tracehub.web.dependencies import Dependencies, Parts, Reading
from tracehub.web.intake import Intake
from tracehub.web.paging import write_cursor

router = APIRouter(tags=["quarantine"])
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


@router.get("/quarantine", response_model=answers.Page[answers.Quarantined], **PAGING)
def list_quarantine(request: Request, parts: Parts, connection: Reading) -> Response:
    """Quarantined pieces, the latest first."""
    cursor, limit = read_page(request, parts)
    page = quarantine.page(connection, older_than=cursor.key if cursor else None, limit=limit)
    older = write_cursor(page.older, newer=False)
    return answer({"items": [quarantined(row) for row in page.rows], "older": older, "newer": None})


@router.get(
    "/quarantine/{sha256}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **NOT_FOUND},
)
def get_quarantined(sha256: Sha256, connection: Reading) -> Response:
    """The bytes of one piece, as received."""
    name = f'attachment; filename="{sha256[:12]}.bin"'
    headers = {**RAW_HEADERS, "Content-Disposition": name}
    return Response(quarantine.data(connection, sha256), media_type="application/octet-stream", headers=headers)


@router.post("/quarantine/{sha256}/retry", response_model=answers.Retried, responses=NOT_FOUND)
async def retry_quarantined(request: Request, sha256: Sha256, parts: Parts) -> Response:
    """Reads one piece anew. What can be read now is stored and leaves the quarantine; else the reason is renewed."""
    return answer(await cast("Intake", request.app.state.intake).run(lambda: _retry(parts, sha256)))


@router.delete("/quarantine/{sha256}", status_code=204, response_class=Response, responses=NOT_FOUND)
def discard_quarantined(sha256: Sha256, parts: Parts) -> Response:
    """Deletes one piece for good."""
    with parts.writing() as connection:
        quarantine.one(connection, sha256)
        quarantine.release(connection, sha256)
    return Response(status_code=204)


def _retry(parts: Dependencies, sha256: str) -> dict[str, object]:
    read = parts.try_again(sha256)
    reason = None
    if not read:
        with parts.reading() as connection:
            reason = quarantine.one(connection, sha256).reason
    return {"sha256": sha256, "read": read, "reason": reason}
