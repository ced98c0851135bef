"""The addresses of silences, and the ways to make and end them."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from msgspec.structs import replace
from starlette.responses import Response

from tracehub.errors import PermanentError
from tracehub.store import alert_questions, alert_silences
from tracehub.web.alerts import places
from tracehub.web.alerts.ids import AlertId, SilenceId, id_in
from tracehub.web.alerts.moments_typed import moment_in
from tracehub.web.alerts.muting import silence_of
from tracehub.web.alerts.silence_form import SilenceError, silence_form, silence_in, typed_for
from tracehub.web.alerts.silences_page import silences_page
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.pages.form_fields import first, typed_in
from tracehub.web.pages.notices import back_to
from tracehub.web.pages.rendering import page
from tracehub.web.pages.visible import one_line

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
TypedIn = Annotated[dict[str, list[str]], Depends(typed_in)]


@router.get("/alerts/silences")
def list_of_silences(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """What holds, what recurs, and what is over."""
    return page("alert_silences.html", silences_page(connection, request.query_params, now=parts.clock()))


@router.get("/alerts/silences/new")
def new_silence(request: Request, connection: Reading) -> HTMLResponse:
    """The form; `?alert=` fills in the labels of an alert."""
    alert_id = request.query_params.get("alert")
    alert = alert_questions.one(connection, id_in(alert_id)) if alert_id else None
    return page("alert_silence_form.html", silence_form(typed_for(alert)))


@router.post("/alerts/silences/new")
def add_silence(typed: TypedIn, parts: Parts) -> Response:
    """Declares it."""
    try:
        silence = silence_in(typed, silence_id=uuid4().hex, now=parts.clock())
    except SilenceError as error:
        return page("alert_silence_form.html", silence_form(typed, error), 422)
    with parts.writing() as connection:
        alert_silences.save(connection, silence)
    return _back("silenced")


@router.post("/alerts/silences/{silence_id}/end")
def end_silence(silence_id: SilenceId, typed: TypedIn, request: Request, parts: Parts) -> Response:
    """It ends now, or at the time of `ends`; 422 and the page again where that is none."""
    now, text = parts.clock(), first(typed, "ends")
    with parts.writing() as connection:
        silence = alert_silences.one(connection, silence_id)
        try:
            ends_at = _end(text, max(silence.begins_at, now), now) if text else now
        except PermanentError as error:
            shown = silences_page(connection, request.query_params, now=now, problem=(silence_id, str(error)))
            return page("alert_silences.html", shown, 422)
        begins_at = min(silence.begins_at, ends_at)
        alert_silences.save(connection, replace(silence, ends_at=ends_at, begins_at=begins_at))
    return _back("changed" if text else "ended")


@router.post("/alerts/{alert_id}/mute")
def mute_alert(alert_id: AlertId, typed: TypedIn, request: Request, parts: Parts) -> Response:
    """Silences one alert for a while."""
    author = f"somebody at {request.client.host}" if request.client else "somebody"
    with parts.writing() as connection:
        alert = alert_questions.one(connection, alert_id)
        word, now = first(typed, "for"), parts.clock()
        silence = silence_of(alert, word, silence_id=uuid4().hex, author=author, now=now)
        alert_silences.save(connection, silence)
    name = one_line(alert.labels.get("alertname", alert.rule), 100)
    return RedirectResponse(back_to(places.LIST, done="muted", name=name), 303)


def _end(text: str, after: int, now: int) -> int:
    ends_at = moment_in(text, now)
    if ends_at <= after:
        msg = "that is over already: end it now instead"
        raise PermanentError(msg)
    return ends_at


def _back(done: str) -> Response:
    return RedirectResponse(back_to(places.SILENCES, done=done), 303)
