"""The addresses of the pages of destinations, and what can be done with a destination there."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection
from starlette.datastructures import QueryParams
from starlette.responses import Response

from tracehub.errors import PermanentError
from tracehub.exporters.headers import place_of
from tracehub.model.destination import Destination
from tracehub.model.export_rows import DestinationRow
from tracehub.store import destinations
from tracehub.web.dependencies import Dependencies, Parts, Reading
from tracehub.web.export.destination_form import destination_form, destination_in, preset, typed_of
from tracehub.web.export.destinations_page import Said, destinations_page
from tracehub.web.export.selecting import send_again
from tracehub.web.export.undelivered_page import undelivered_page
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import counted
from tracehub.web.pages.form_fields import Typed, first, typed_in
from tracehub.web.pages.notices import back_to
from tracehub.web.pages.rendering import fragment, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
TypedIn = Annotated[dict[str, list[str]], Depends(typed_in)]
_NEW = "/destinations/new"


@router.get("/destinations")
def list_of_destinations(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """Every destination and how it stands."""
    return page("destinations.html", destinations_page(connection, request.query_params, now=parts.clock()))


@router.get("/_/destinations")
def standing_of_destinations(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """The same without the page around it, to be looked at again and again."""
    shown = destinations_page(connection, request.query_params, now=parts.clock())
    return fragment("destinations.html", "live", page=shown)


@router.get("/destinations/new")
def new_destination(request: Request) -> HTMLResponse:
    """The form for a new destination; `?preset=` fills it in."""
    typed = preset(request.query_params.get("preset", ""))
    return page("destination_form.html", destination_form(typed, action=_NEW))


@router.post("/destinations/new")
def add_destination(typed: TypedIn, parts: Parts) -> Response:
    """Declares it."""
    return _save(parts, typed, None)


@router.get("/destinations/{path:path}/edit")
def edit_destination(path: str, connection: Reading) -> HTMLResponse:
    """The form for a destination that was declared here."""
    declared = destinations.read(_of_ui(connection, addresses.source_named(path)))
    action = f"{addresses.destination(declared.name)}/edit"
    return page("destination_form.html", destination_form(typed_of(declared), action=action, declared=declared))


@router.post("/destinations/{path:path}/edit")
def change_destination(path: str, typed: TypedIn, parts: Parts) -> Response:
    """Declares it anew under its name; values of headers that were not typed stay."""
    with parts.reading() as connection:
        declared = destinations.read(_of_ui(connection, addresses.source_named(path)))
    return _save(parts, typed, declared)


@router.post("/destinations/{path:path}/pause")
def pause(path: str, parts: Parts) -> Response:
    """Nothing is sent there until it is resumed."""
    return _pause(parts, addresses.source_named(path), True)


@router.post("/destinations/{path:path}/resume")
def resume(path: str, parts: Parts) -> Response:
    """What waits is sent."""
    return _pause(parts, addresses.source_named(path), False)


@router.post("/destinations/{path:path}/test")
def test_destination(path: str, parts: Parts) -> Response:
    """Sends a test trace, and says what came back."""
    name = addresses.source_named(path)
    tried = parts.exports.try_out(name)
    return _shown(parts, Said(name=name, tested=tried), 200 if tried.went_well else 422)


@router.post("/destinations/{path:path}/send-again")
def again(path: str, typed: TypedIn, parts: Parts) -> Response:
    """Puts in the queue: one trace by its id, or all that a filter matches."""
    name, words = addresses.source_named(path), first(typed, "traces")
    try:
        number = send_again(parts.exports, name, words, only_new=first(typed, "do") == "missing", now=parts.clock())
    except PermanentError as error:
        return _shown(parts, Said(name=name, problem=str(error), typed=words), 422)
    said = f"{counted(number, 'trace was', 'traces were')}"
    place = f"{addresses.destination(name)}/undelivered" if first(typed, "from") == "undelivered" else "/destinations"
    return RedirectResponse(back_to(place, done="again", name=said), 303)


@router.post("/destinations/{path:path}/remove")
def remove(path: str, parts: Parts) -> Response:
    """Takes away what was declared here."""
    name = addresses.source_named(path)
    with parts.writing() as connection:
        _of_ui(connection, name)
        destinations.remove(connection, name)
    return _back("removed", name)


@router.get("/destinations/{path:path}/undelivered")
def undelivered(path: str, request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """What could not be delivered there, and why."""
    shown = undelivered_page(
        connection,
        addresses.source_named(path),
        request.query_params,
        now=parts.clock(),
        limit=parts.settings.page_size,
    )
    return page("undelivered.html", shown)


def _save(parts: Dependencies, typed: Typed, declared: Destination | None) -> Response:
    try:
        destination, secrets = destination_in(typed, declared)
        _refuse_strangers(destination, secrets, declared)
    except PermanentError as error:
        return _form_again(typed, declared, str(error), 422)
    sealer = parts.sealer() if secrets else None
    sealed = {name: sealer.seal(value, place_of(destination.name, name)) for name, value in secrets.items() if sealer}
    with parts.writing() as connection:
        rows = {row.name: row for row in destinations.every(connection)}
        known = rows.get(destination.name)
        taken = declared is None and known is not None
        if not taken:
            kept = known.secrets if known is not None else {}
            headers = {name.lower() for name in destination.headers}
            secrets_now = {name: value for name, value in kept.items() if name in headers} | sealed
            destinations.declare(connection, destination, declared_in="ui", now=parts.clock(), secrets=secrets_now)
    if taken:
        return _form_again(typed, declared, "there is a destination of this name already - at `$.name`", 409)
    return _back("added" if declared is None else "changed", destination.name)


def _refuse_strangers(destination: Destination, secrets: dict[str, str], declared: Destination | None) -> None:
    """Another address must not get the secrets of the former."""
    if declared is None or len(secrets) == len(destination.headers):
        return
    if _addresses(destination) != _addresses(declared):
        msg = "another address must not get the headers of the former: enter them anew - at `$.headers`"
        raise PermanentError(msg)


def _addresses(destination: Destination) -> tuple[str | None, ...]:
    return (destination.endpoint, destination.traces_endpoint, destination.metrics_endpoint)


def _form_again(typed: Typed, declared: Destination | None, problem: str, status: int) -> HTMLResponse:
    action = f"{addresses.destination(declared.name)}/edit" if declared else _NEW
    form = destination_form(typed, action=action, declared=declared, problem=problem)
    return page("destination_form.html", form, status)


def _pause(parts: Dependencies, name: str, paused: bool) -> Response:
    with parts.writing() as connection:
        destinations.pause(connection, name, paused)
    return _back("paused" if paused else "resumed", name)


def _shown(parts: Dependencies, said: Said, status: int) -> HTMLResponse:
    with parts.reading() as connection:
        shown = destinations_page(connection, QueryParams(), now=parts.clock(), said=said)
    return page("destinations.html", shown, status)


def _of_ui(connection: Connection, name: str) -> DestinationRow:
    row = destinations.one(connection, name)
    if row.declared_in != "ui":
        raise HTTPException(409, f"the destination {name!r} is declared in the configuration file: change it there")
    return row


def _back(done: str, name: str) -> Response:
    return RedirectResponse(back_to("/destinations", done=done, name=name), 303)
