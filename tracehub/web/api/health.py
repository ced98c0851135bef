"""/healthz: the process lives. /readyz: it can take records."""

from fastapi import APIRouter
from starlette.responses import Response

from tracehub.web.api.describe import answer
from tracehub.web.dependencies import Parts

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Response:
    """200 while the process answers."""
    return answer({"status": "ok"})


@router.get("/readyz")
def readyz(parts: Parts) -> Response:
    """200 where records can be stored, 503 with the reason where not."""
    parts.ready()
    return answer({"status": "ready"})
