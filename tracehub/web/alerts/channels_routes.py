"""The addresses of the pages of channels, and what can be done with a channel there."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection
from starlette.responses import Response

from tracehub.alerting.delivery import check
from tracehub.alerting.trial import send_test
from tracehub.errors import PermanentError, TransientError
from tracehub.model.channel import SEALED, Channel, ChannelRow, secrets_of, with_secrets
from tracehub.store import alert_channels
from tracehub.web.alerts import places
from tracehub.web.alerts.channel_form import HEADINGS, Kind, channel_form, channel_in, kind_of, typed_of
from tracehub.web.alerts.channels_page import channels_page
from tracehub.web.dependencies import Dependencies, Parts, Reading
from tracehub.web.filters import BadQueryError
from tracehub.web.pages import addresses
from tracehub.web.pages.form_fields import Typed, first, typed_in
from tracehub.web.pages.notices import back_to
from tracehub.web.pages.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
TypedIn = Annotated[dict[str, list[str]], Depends(typed_in)]
_NEW = f"{places.CHANNELS}/new"


@router.get("/alerts/channels")
def list_of_channels(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """Every channel, and how its newest message fared."""
    return page("alert_channels.html", channels_page(connection, request.query_params, now=parts.clock()))


@router.get("/alerts/channels/new")
def new_channel(request: Request) -> HTMLResponse:
    """The form for a new channel of `?kind=`."""
    return page("alert_channel_form.html", channel_form(_kind(request.query_params.get("kind")), {}, action=_NEW))


@router.post("/alerts/channels/new")
def add_channel(typed: TypedIn, parts: Parts) -> Response:
    """Declares it; `do=test` only sends a test."""
    return _save(parts, _kind(first(typed, "kind")), typed, None)


@router.get("/alerts/channels/{path:path}/edit")
def edit_channel(path: str, connection: Reading) -> HTMLResponse:
    """The form for a channel that was declared here."""
    channel = _of_ui(connection, addresses.named(path)).channel
    action = f"{addresses.alert_channel(channel.name)}/edit"
    form = channel_form(kind_of(channel), typed_of(channel), action=action, declared=channel)
    return page("alert_channel_form.html", form)


@router.post("/alerts/channels/{path:path}/edit")
def change_channel(path: str, typed: TypedIn, parts: Parts) -> Response:
    """Declares it anew under its name; secrets that were not typed stay."""
    with parts.reading() as connection:
        channel = _of_ui(connection, addresses.named(path)).channel
    return _save(parts, kind_of(channel), typed, channel)


@router.post("/alerts/channels/{path:path}/test")
def test_channel(path: str, request: Request, parts: Parts) -> Response:
    """Sends a test, and says what came back."""
    name = addresses.named(path)
    with parts.reading() as connection:
        row = alert_channels.one(connection, name)
        channel = alert_channels.opened(connection, row, parts.sealer)
    entered = row.declared_in != alert_channels.FROM_FILE
    said, went_well = send_test(channel, parts.delivery, test_id=uuid4().hex, entered=entered)
    with parts.reading() as connection:
        tested = (name, said, went_well)
        return page(
            "alert_channels.html",
            channels_page(connection, request.query_params, now=parts.clock(), tested=tested),
            200 if went_well else 422,
        )


@router.post("/alerts/channels/{path:path}/remove")
def remove_channel(path: str, parts: Parts) -> Response:
    """Takes away what was declared here."""
    name = addresses.named(path)
    with parts.writing() as connection:
        _of_ui(connection, name)
        alert_channels.remove(connection, name)
    return _back("removed", name)


@router.get("/alerts/channels/{path:path}")
def one_channel(path: str, connection: Reading) -> Response:
    """Where the page of channels shows this one."""
    name = alert_channels.one(connection, addresses.named(path)).channel.name
    return RedirectResponse(back_to(places.NOTIFICATIONS, channel=name), 303)


def _save(parts: Dependencies, kind: Kind, typed: Typed, declared: Channel | None) -> Response:
    try:
        channel = channel_in(kind, typed, declared)
        open_channel = _opened(parts, channel, declared)
        if first(typed, "do") == "test":
            tested = send_test(open_channel, parts.delivery, test_id=uuid4().hex)
            return _again(kind, typed, declared, None, 200 if tested[1] else 422, tested)
        _check(open_channel, parts)
    except PermanentError as error:
        return _again(kind, typed, declared, str(error), 422)
    sealer = parts.sealer()
    with parts.writing() as connection:
        known = {row.channel.name for row in alert_channels.every(connection)}
        taken = declared is None and channel.name in known
        if not taken:
            now = parts.clock()
            alert_channels.declare(connection, channel, declared_in="ui", now=now, sealer=sealer)
    if taken:
        return _again(kind, typed, declared, "there is a channel of this name already - at `$.name`", 409)
    return _back("added" if declared is None else "changed", channel.name)


def _opened(parts: Dependencies, channel: Channel, declared: Channel | None) -> Channel:
    """The channel with the secrets that it keeps in their places."""
    if declared is None:
        return channel
    with parts.reading() as connection:
        row = alert_channels.one(connection, declared.name)
        kept = secrets_of(alert_channels.opened(connection, row, parts.sealer))
    values = {
        place: kept.get(place, value) if value == SEALED else value for place, value in secrets_of(channel).items()
    }
    return with_secrets(channel, values)


def _check(channel: Channel, parts: Dependencies) -> None:
    try:
        check(channel, parts.delivery.outbound)
    except TransientError:
        # Its name may be known to the resolver tomorrow; a test tells.
        return
    except PermanentError as error:
        msg = f"{error} - at `$.url`"
        raise PermanentError(msg) from error


def _again(
    kind: Kind,
    typed: Typed,
    declared: Channel | None,
    problem: str | None,
    status: int,
    tested: tuple[str, bool] | None = None,
) -> HTMLResponse:
    action = f"{addresses.alert_channel(declared.name)}/edit" if declared else _NEW
    form = channel_form(kind, typed, action=action, declared=declared, problem=problem, tested=tested)
    return page("alert_channel_form.html", form, status)


def _of_ui(connection: Connection, name: str) -> ChannelRow:
    row = alert_channels.one(connection, name)
    if row.declared_in != "ui":
        raise HTTPException(409, f"the channel {name!r} is declared in the configuration file: change it there")
    return row


def _kind(word: str | None) -> Kind:
    for kind in HEADINGS:
        if kind == (word or "webhook"):
            return kind
    raise BadQueryError("kind", f"one of {', '.join(HEADINGS)}")


def _back(done: str, name: str) -> Response:
    return RedirectResponse(back_to(places.CHANNELS, done=done, name=name), 303)
