"""Alerts, rules, silences and notifications for machines: the same lists as their pages."""

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from tracehub.model.alert import Alert
from tracehub.model.notification import Notification, Sending
from tracehub.model.rule_words import words_of
from tracehub.model.silence import Silence
from tracehub.store import alert_notifications, alert_rules, alert_silences, alerts
from tracehub.web.alerts.notifications_page import before_in, state_in
from tracehub.web.api.describe import Json, answer, moment
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.twins.places import written

router = APIRouter(include_in_schema=False)


@router.get("/alerts.{ending}")
def alerts_as(ending: str, connection: Reading) -> Response:
    """Every alert as it stands."""
    return written(answer({"items": [_alert(each) for each in alerts.every(connection)]}), ending, "Alerts")


@router.get("/alerts/rules.{ending}")
def rules_as(ending: str, connection: Reading) -> Response:
    """Every rule in the words of the files, and how far it was judged."""
    items = [
        {
            **words_of(row.rule),
            "declared_in": row.declared_in,
            "paused": row.paused,
            "last_evaluated_at": moment(row.last_evaluated_at),
            "last_error": row.last_error,
        }
        for row in alert_rules.every(connection)
    ]
    return written(answer({"items": items}), ending, "Alert rules")


@router.get("/alerts/silences.{ending}")
def silences_as(ending: str, connection: Reading, parts: Parts) -> Response:
    """The silences that are not over."""
    found = alert_silences.ending_after(connection, parts.clock())
    return written(answer({"items": [_silence(each) for each in found]}), ending, "Silences")


@router.get("/alerts/notifications.{ending}")
def notifications_as(ending: str, request: Request, connection: Reading, parts: Parts) -> Response:
    """One page of the log, the newest first."""
    query = request.query_params
    state: Sending | None = state_in(query)
    found = alert_notifications.newest(
        connection,
        states=[state] if state else [],
        channel=query.get("channel") or None,
        before=before_in(query),
        most=parts.settings.page_size,
    )
    return written(answer({"items": [_notification(each) for each in found]}), ending, "Notifications")


def _alert(alert: Alert) -> Json:
    found: Json = msgspec.to_builtins(alert)
    times = ("pending_at", "fired_at", "resolved_at", "evaluated_at", "window_from", "window_until")
    return found | {name: moment(getattr(alert, name)) for name in times}


def _silence(silence: Silence) -> Json:
    found: Json = msgspec.to_builtins(silence)
    return found | {name: moment(getattr(silence, name)) for name in ("begins_at", "ends_at", "created_at")}


def _notification(notification: Notification) -> Json:
    return {
        "notification_id": notification.notification_id,
        "channel": notification.channel,
        "state": notification.state.value,
        "firing": [alert.alert_id for alert in notification.message.firing],
        "resolved": [alert.alert_id for alert in notification.message.resolved],
        "again": notification.message.again,
        "created_at": moment(notification.created_at),
        "sent_at": moment(notification.sent_at),
        "attempts": notification.attempts,
        "error": notification.error,
    }
