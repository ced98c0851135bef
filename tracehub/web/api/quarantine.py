"""GET /quarantine: what looked like a trace and could not be read."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from tracehub.store import quarantine
from tracehub.web.api import answers
from tracehub.web.api.describe import answer, quarantined
from tracehub.web.api.parameters import NOT_FOUND, PAGING, read_page
from tracehub.web.api.traces import RAW_HEADERS
from tracehub.web.dependencies import Parts, Reading
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
