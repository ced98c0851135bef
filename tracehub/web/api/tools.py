"""GET /tools."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from tracehub.analytics.tools import tools
from tracehub.web.api import answers
from tracehub.web.api.describe import answer, tool
from tracehub.web.api.parameters import FILTERING
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.filters import read_filter

router = APIRouter(tags=["tools"])


@router.get("/tools", response_model=answers.Tools, **FILTERING)
def list_tools(request: Request, parts: Parts, connection: Reading) -> Response:
    """How each tool was used in the matching traces."""
    wanted = read_filter(request.query_params, parts.clock())
    return answer({"items": [tool(row) for row in tools(connection, wanted)]})
