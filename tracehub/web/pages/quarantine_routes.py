"""What can be done with quarantined pieces on their page."""

from typing import Annotated, cast

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from tracehub.errors import NotFoundError
from tracehub.store import quarantine
from tracehub.web.dependencies import Dependencies, Parts
from tracehub.web.intake import Intake
from tracehub.web.pages.notices import back_to
from tracehub.web.pages.quarantine_page import tried_all
from tracehub.web.paging import read_cursor

router = APIRouter(include_in_schema=False)
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
Cursor = Annotated[str, Form()]


@router.post("/quarantine/retry")
async def retry_page(request: Request, parts: Parts, cursor: Cursor = "") -> Response:
    """Tries all pieces of one page of the list again."""
    read, unread = await cast("Intake", request.app.state.intake).run(lambda: _retry_page(parts, cursor))
    return RedirectResponse(tried_all(read, unread, cursor), 303)


@router.post("/quarantine/{sha256}/retry")
async def retry(request: Request, sha256: Sha256, parts: Parts, cursor: Cursor = "") -> Response:
    """Tries one piece again."""
    read = await cast("Intake", request.app.state.intake).run(lambda: parts.try_again(sha256))
    return RedirectResponse(back_to("/quarantine", done="read" if read else "unread", cursor=cursor), 303)


@router.post("/quarantine/{sha256}/discard")
def discard(sha256: Sha256, parts: Parts, cursor: Cursor = "") -> Response:
    """Deletes one piece for good."""
    with parts.writing() as connection:
        quarantine.one(connection, sha256)
        quarantine.release(connection, sha256)
    return RedirectResponse(back_to("/quarantine", done="discarded", cursor=cursor), 303)


def _retry_page(parts: Dependencies, cursor: str) -> tuple[int, int]:
    begin = read_cursor(cursor, hex_ids=True)
    with parts.reading() as connection:
        page = quarantine.page(connection, older_than=begin.key if begin else None, limit=parts.settings.page_size)
    read = 0
    for row in page.rows:
        read += _try_again(parts, row.sha256)
    return read, len(page.rows) - read


def _try_again(parts: Dependencies, sha256: str) -> bool:
    """Whether it could be read; one that is gone meanwhile was, or nobody wants it."""
    try:
        return parts.try_again(sha256)
    except NotFoundError:
        return True
