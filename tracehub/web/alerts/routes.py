"""The addresses of the alerts as they stand, and of each."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from tracehub.web.alerts.alert_page import alert_page
from tracehub.web.alerts.alerts_page import alerts_page
from tracehub.web.alerts.budgets_page import budgets_page
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.pages.rendering import fragment, page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
AlertId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,64}$")]


@router.get("/alerts")
def list_of_alerts(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """What fires, is about to, is silenced and has ended."""
    return page("alerts.html", alerts_page(connection, request.query_params, now=parts.clock()))


@router.get("/_/alerts")
def standing_of_alerts(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """The same without the page around it, to be looked at again and again."""
    return fragment("alerts.html", "live", page=alerts_page(connection, request.query_params, now=parts.clock()))


@router.get("/alerts/budgets")
def error_budgets(connection: Reading, parts: Parts) -> HTMLResponse:
    """What may still fail."""
    return page("alert_budgets.html", budgets_page(connection, now=parts.clock()))


@router.get("/alerts/{alert_id}")
def one_alert(alert_id: AlertId, request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """One alert: how it stands and how it came to that."""
    return page("alert.html", alert_page(connection, alert_id, request.query_params, now=parts.clock()))
