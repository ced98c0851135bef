"""The addresses of the log of notifications."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from tracehub.errors import NotFoundError
from tracehub.store import alert_notifications
from tracehub.web.alerts import places
from tracehub.web.alerts.notifications_page import notifications_page
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.pages.notices import back_to
from tracehub.web.pages.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/alerts/notifications")
def log_of_notifications(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """What was told, waits, and could not be told."""
    limit = parts.settings.page_size
    shown = notifications_page(connection, request.query_params, now=parts.clock(), limit=limit)
    return page("alert_notifications.html", shown)


@router.post("/alerts/notifications/{notification_id}/again")
def send_again(notification_id: str, parts: Parts) -> Response:
    """Sends one that was given up once more."""
    with parts.writing() as connection:
        if not alert_notifications.send_again(connection, notification_id, now=parts.clock()):
            raise NotFoundError("there is no such notification that was given up")
    return RedirectResponse(back_to(places.NOTIFICATIONS, done="again"), 303)
