"""/sources: where traces come from, and how their reading stands."""

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from tracehub.errors import PermanentError
from tracehub.model.source_rows import PUSHED, SourceRow
from tracehub.store import sources
from tracehub.store.agent_calls import traced_share
from tracehub.web.api import answers
from tracehub.web.api.describe import answer, source, traced_calls
from tracehub.web.api.parameters import Responses
from tracehub.web.dependencies import Dependencies, Parts, Reading
from tracehub.web.pages.addresses import source_named
from tracehub.web.source_actions import again_from, require_read
from tracehub.web.source_standing import standing, words_in

router = APIRouter(tags=["sources"])
_REFUSED: Responses = {
    404: {"model": answers.Problem},
    409: {"model": answers.Problem, "description": "The source is pushed: nobody reads it"},
}


class CollectAgain(BaseModel):
    """From when on a source shall be read anew."""

    model_config = ConfigDict(extra="forbid")

    since: str = Field(description="how long ago, such as 12h or 7d, or an ISO 8601 time", max_length=100)


@router.get("/sources", response_model=answers.Sources)
def list_sources(parts: Parts, connection: Reading) -> Response:
    """Every source by name, declared or pushed."""
    now = parts.clock()
    share = traced_share(connection, now)
    items = [_described(row, now) for row in sources.every(connection)]
    return answer({"items": items, "traced_calls": traced_calls(share) if share else None})


@router.post("/sources/{name:path}/pause", response_model=answers.Source, responses=_REFUSED)
def pause(name: str, parts: Parts) -> Response:
    """Nothing of it is read until it is resumed."""
    return _pause(parts, source_named(name), True)


@router.post("/sources/{name:path}/resume", response_model=answers.Source, responses=_REFUSED)
def resume(name: str, parts: Parts) -> Response:
    """It is read on from where it stopped."""
    return _pause(parts, source_named(name), False)


@router.post(
    "/sources/{name:path}/collect-again",
    response_model=answers.Source,
    responses={**_REFUSED, 422: {"model": answers.Problem}},
)
def collect_again(name: str, wanted: CollectAgain, parts: Parts) -> Response:
    """Everything since then is read as if it had never been. What is stored already is known and stays as it is."""
    now = parts.clock()
    with parts.writing() as connection:
        row = require_read(connection, source_named(name))
        sources.collect_again(connection, row.name, _moment(wanted.since, now))
        return _standing(connection, row.name, now)


def _pause(parts: Dependencies, name: str, paused: bool) -> Response:
    with parts.writing() as connection:
        require_read(connection, name)
        sources.pause(connection, name, paused)
        return _standing(connection, name, parts.clock())


def _moment(since: str, now: int) -> int:
    try:
        return again_from(since, now)
    except PermanentError as error:
        raise HTTPException(422, f"since: {error}") from error


def _standing(connection: Connection, name: str, now: int) -> Response:
    return answer(_described(sources.one(connection, name), now))


def _described(row: SourceRow, now: int) -> dict[str, object]:
    try:
        declaration = {} if row.declared_in == PUSHED else words_in(row)
    except PermanentError:
        declaration = {}
    return source(row, declaration, standing(row, now))
