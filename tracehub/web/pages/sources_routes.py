"""The addresses of the pages of sources, and what can be done with a source there."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection
from starlette.responses import Response

from tracehub.errors import NotFoundError, PermanentError
from tracehub.model.source import Source
from tracehub.model.source_rows import SourceRow
from tracehub.store import sources
from tracehub.web.dependencies import Dependencies, Parts, Reading
from tracehub.web.filters import BadQueryError
from tracehub.web.pages import addresses
from tracehub.web.pages.notices import back_to
from tracehub.web.pages.rendering import fragment, page
from tracehub.web.pages.source_form import HEADINGS, Kind, declared, empty_form, form_of, typed_form
from tracehub.web.pages.source_places import Doors
from tracehub.web.pages.sources_page import Again, sources_page
from tracehub.web.pages.visible import visible
from tracehub.web.source_actions import again_from, require_read
from tracehub.web.source_standing import declaration_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


async def _typed(request: Request) -> dict[str, str]:
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


Typed = Annotated[dict[str, str], Depends(_typed)]


@router.get("/sources")
def list_of_sources(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """Every source and how it stands."""
    shown = sources_page(connection, request.query_params, now=parts.clock(), doors=_doors(request, parts))
    return page("sources.html", shown)


@router.get("/_/sources")
def standing_of_sources(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """The same without the page around it, to be looked at again and again."""
    shown = sources_page(connection, request.query_params, now=parts.clock(), doors=_doors(request, parts))
    return fragment("sources.html", "live", page=shown)


@router.get("/sources/new")
def new_source(request: Request) -> HTMLResponse:
    """The form for a new source of `?kind=`."""
    return page("source_form.html", empty_form(_kind(request.query_params.get("kind", "cloudwatch"))))


@router.post("/sources/new")
def add_source(typed: Typed, parts: Parts) -> Response:
    """Declares it; `do=show` only shows the declaration as the file has it."""
    kind, now, action = _kind(typed.get("kind", "")), parts.clock(), "/sources/new"
    try:
        source = declared(kind, typed, now)
    except PermanentError as error:
        return _again(kind, typed, action, None, str(error), 422)
    if typed.get("do") == "show":
        return _again(kind, typed, action, None, None, 200, source)
    with parts.writing() as connection:
        exists = any(row.name == source.name for row in sources.every(connection))
        if not exists:
            sources.declare(connection, source, declared_in="ui", now=now)
    if exists:
        said = f"there is a source named {source.name!r} already - at `$.name`"
        return _again(kind, typed, action, None, said, 409, source)
    return _back("added", source.name)


@router.get("/sources/{path:path}/edit")
def edit_source(path: str, connection: Reading) -> HTMLResponse:
    """The form for a source that was declared here."""
    row = _of_ui(connection, addresses.source_named(path))
    return page("source_form.html", form_of(declaration_of(row), f"{addresses.source(row.name)}/edit"))


@router.post("/sources/{path:path}/edit")
def change_source(path: str, typed: Typed, parts: Parts) -> Response:
    """Declares it anew under its name; what came from it stays, and its readers go on under the new terms."""
    now = parts.clock()
    with parts.reading() as connection:
        row = _of_ui(connection, addresses.source_named(path))
    kind, action = _kind(row.kind), f"{addresses.source(row.name)}/edit"
    try:
        source = declared(kind, {**typed, "name": row.name}, now)
    except PermanentError as error:
        return _again(kind, typed, action, row.name, str(error), 422)
    if typed.get("do") == "show":
        return _again(kind, typed, action, row.name, None, 200, source)
    with parts.writing() as connection:
        _of_ui(connection, row.name)
        sources.declare(connection, source, declared_in="ui", now=now)
    return _back("changed", row.name)


@router.post("/sources/{path:path}/pause")
def pause_source(path: str, parts: Parts) -> Response:
    """Nothing of it is read until it is resumed."""
    return _pause(parts, addresses.source_named(path), True)


@router.post("/sources/{path:path}/resume")
def resume_source(path: str, parts: Parts) -> Response:
    """It is read on from where it stopped."""
    return _pause(parts, addresses.source_named(path), False)


@router.post("/sources/{path:path}/collect-again")
def collect_source_again(request: Request, path: str, typed: Typed, parts: Parts) -> Response:
    """Everything since then is read anew; 422 and the page again where `since` is no time."""
    name, now, since = addresses.source_named(path), parts.clock(), typed.get("since", "")
    with parts.writing() as connection:
        require_read(connection, name)
        try:
            sources.collect_again(connection, name, again_from(since, now))
        except NotFoundError:
            raise
        except PermanentError as error:
            again = (name, Again(visible(since[:200]), visible(str(error))))
            shown = sources_page(connection, request.query_params, now=now, doors=_doors(request, parts), again=again)
            return page("sources.html", shown, 422)
    return _back("again", name)


@router.post("/sources/{path:path}/remove")
def remove_source(path: str, parts: Parts) -> Response:
    """Takes away what was declared here; the traces stay."""
    name = addresses.source_named(path)
    with parts.writing() as connection:
        _of_ui(connection, name)
        sources.remove(connection, name)
    return _back("removed", name)


def _pause(parts: Dependencies, name: str, paused: bool) -> Response:
    with parts.writing() as connection:
        require_read(connection, name)
        sources.pause(connection, name, paused)
    return _back("paused" if paused else "resumed", name)


def _of_ui(connection: Connection, name: str) -> SourceRow:
    row = sources.one(connection, name)
    if row.declared_in != "ui":
        where = "in the configuration file: change it there" if row.declared_in == "file" else "nowhere: it is pushed"
        raise HTTPException(409, f"the source {name!r} is declared {where}")
    return row


def _again(
    kind: Kind,
    typed: dict[str, str],
    action: str,
    name: str | None,
    problem: str | None,
    status: int,
    source: Source | None = None,
) -> HTMLResponse:
    shown = typed_form(kind, typed, action=action, name=name, problem=problem, source=source)
    return page("source_form.html", shown, status)


def _kind(word: str) -> Kind:
    if word not in HEADINGS:
        raise BadQueryError("kind", f"one of {', '.join(HEADINGS)}")
    return word


def _back(done: str, name: str) -> Response:
    return RedirectResponse(back_to("/sources", done=done, name=name), 303)


def _doors(request: Request, parts: Dependencies) -> Doors:
    settings = parts.settings
    scheme = "https" if settings.proxy_certificate else "http"
    proxy = f"{scheme}://{settings.proxy_host}:{settings.proxy_port}" if settings.proxy else None
    return Doors(str(request.base_url).rstrip("/"), proxy)
