"""The query parameters that lists share: how they are read, and how OpenAPI describes them."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from fastapi import Request

from tracehub.model.listing import Filter
from tracehub.model.search.query import FIELDS, MOST_TEXT
from tracehub.model.span import Outcome
from tracehub.web.api import answers
from tracehub.web.dependencies import Dependencies
from tracehub.web.filters import BadQueryError, read_filter
from tracehub.web.paging import Cursor, read_cursor

MOST_ROWS = 500
# OpenAPI's own documents, in the types that FastAPI's decorators take.
Document: TypeAlias = Any
Described = dict[str, Document]
Responses = dict[int | str, Described]


def read_listing(request: Request, parts: Dependencies, *, hex_ids: bool = False) -> tuple[Filter, Cursor | None, int]:
    """The filter, the cursor and the page size that a request asks for."""
    wanted = read_filter(request.query_params, parts.clock(), also=("cursor", "limit"))
    cursor, limit = read_page(request, parts, check=False, hex_ids=hex_ids)
    return wanted, cursor, limit


def read_page(
    request: Request, parts: Dependencies, *, check: bool = True, hex_ids: bool = True
) -> tuple[Cursor | None, int]:
    """The cursor and the page size; with `check`, any other parameter is refused; `hex_ids` as in read_cursor."""
    if check and (unknown := set(request.query_params) - {"cursor", "limit"}):
        raise BadQueryError(min(unknown)[:50], "there is no such parameter")
    word = request.query_params.get("limit", "")
    if not word:
        limit = parts.settings.page_size
    elif word.isascii() and word.isdigit() and len(word) < 5 and 1 <= int(word) <= MOST_ROWS:
        limit = int(word)
    else:
        raise BadQueryError("limit", f"a number from 1 to {MOST_ROWS}")
    return read_cursor(request.query_params.get("cursor"), hex_ids=hex_ids), limit


def _query(name: str, description: str, schema: Mapping[str, object], *, many: bool = False) -> Described:
    described = {"type": "array", "items": schema} if many else schema
    return {"in": "query", "name": name, "required": False, "description": description, "schema": described}


_TEXT = {"type": "string"}
_PAGE = [
    _query("cursor", "`older` or `newer` of another page", _TEXT),
    _query("limit", "rows a page", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}),
]
_SEARCH = 'in the texts of a trace: words (all must be there), "a phrase", begin*, -not, field:word, field:"a phrase"'
_FILTER = [
    _query("q", f"{_SEARCH}; fields are {', '.join(FIELDS)}", {**_TEXT, "maxLength": MOST_TEXT}),
    _query("agent", "agent id; several are alternatives", _TEXT, many=True),
    _query("alias", "alias id", _TEXT, many=True),
    _query("version", "agent version", _TEXT, many=True),
    _query("outcome", "outcome of a trace", {"type": "string", "enum": list(Outcome)}, many=True),
    _query("tool", "a tool that was called", _TEXT, many=True),
    _query("kb", "a knowledge base that was asked", _TEXT, many=True),
    _query("model", "a model that was called", _TEXT, many=True),
    _query("min_ms", "least duration in milliseconds", {"type": "number", "minimum": 0}),
    _query("min_cost", "least cost in US dollars", {"type": "number", "minimum": 0}),
    _query("errors", "1: only what failed or has tool errors", {"type": "string", "enum": ["0", "1"]}),
    _query("since", "began at or after: ISO 8601, or 30m, 24h, 7d, 2w ago", _TEXT),
    _query("until", "began before", _TEXT),
    _query("active_since", "a turn ran then or later, whenever its session began", _TEXT),
    _query("active_until", "that turn began before", _TEXT),
]
_BAD: Responses = {400: {"model": answers.Problem}}
NOT_FOUND: Responses = {404: {"model": answers.Problem}}
FILTERING: Described = {"openapi_extra": {"parameters": _FILTER}, "responses": _BAD}
PAGING: Described = {"openapi_extra": {"parameters": _PAGE}, "responses": _BAD}
LISTING: Described = {"openapi_extra": {"parameters": [*_FILTER, *_PAGE]}, "responses": _BAD}
