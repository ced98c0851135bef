"""The JSON of webhooks: tracehub's own form, Alertmanager's, and texts of one's own."""

import string
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from tracehub.alerting.messages import alert_url, safe_runbook, sessions_url, words_of
from tracehub.errors import PermanentError
from tracehub.model.alert import Alert
from tracehub.model.channel import WebhookChannel
from tracehub.model.notification import Message, Notification

VERSION = "1"
PLACEHOLDERS = ("status", "subject", "text", "severity", "notification_id", "channel", "alerts", "labels", "url")


def body_of(channel: WebhookChannel, notification: Notification, public_url: str | None) -> bytes:
    """The body for this channel; PermanentError where its template cannot be filled."""
    match channel.form:
        case "tracehub":
            return msgspec.json.encode(own_form(notification, public_url))
        case "alertmanager":
            return msgspec.json.encode(alertmanager_form(notification, public_url))
        case "template":
            return _filled(channel.template or "", notification, public_url).encode()


def own_form(notification: Notification, public_url: str | None) -> dict[str, object]:
    """Version 1: what is told, and each alert with its value, window, links and evidence. Unknown is null."""
    message, words = notification.message, words_of(notification.message, public_url)
    return {
        "version": VERSION,
        "notification_id": notification.notification_id,
        "channel": notification.channel,
        "status": status_of(message),
        "repeated": message.again,
        "others": message.others,
        "subject": words.subject,
        "text": words.text,
        "group_labels": message.labels,
        "alerts": [
            *(_alert(alert, "firing", public_url) for alert in message.firing),
            *(_alert(alert, "resolved", public_url) for alert in message.resolved),
        ],
    }


def alertmanager_form(notification: Notification, public_url: str | None) -> dict[str, object]:
    """What Alertmanager posts (webhook_config, version 4), for receivers that were made for it."""
    message = notification.message
    alerts = [(alert, "firing") for alert in message.firing] + [(alert, "resolved") for alert in message.resolved]
    return {
        "version": "4",
        "groupKey": f"{notification.channel}:{notification.group_id}",
        "truncatedAlerts": message.others,
        "status": status_of(message),
        "receiver": notification.channel,
        "groupLabels": message.labels,
        "commonLabels": _common([alert.labels for alert, _ in alerts]),
        "commonAnnotations": _common([annotations_of(alert, public_url) for alert, _ in alerts]),
        "externalURL": public_url or "",
        "alerts": [
            {
                "status": status,
                "labels": alert.labels,
                "annotations": annotations_of(alert, public_url),
                "startsAt": iso(alert.fired_at),
                "endsAt": iso(alert.resolved_at) or "0001-01-01T00:00:00Z",
                "generatorURL": alert_url(alert, public_url) if public_url else "",
                "fingerprint": alert.alert_id[:16],
            }
            for alert, status in alerts
        ],
    }


def annotations_of(alert: Alert, public_url: str | None) -> dict[str, str]:
    """What Prometheus' world calls annotations: summary, evidence, runbook and links."""
    found = {
        "summary": alert.summary,
        "evidence": "\n".join(alert.evidence) or None,
        "runbook_url": safe_runbook(alert.runbook),
        "sessions_url": sessions_url(alert, public_url) if public_url else None,
    }
    return {name: value for name, value in found.items() if value}


def check_template(template: str) -> None:
    """PermanentError, in words, where a template names what there is not, or is no JSON once it is filled."""
    found = string.Template(template)
    if not found.is_valid():
        msg = "the template has a $ that begins no name: write $$ for the sign itself"
        raise PermanentError(msg)
    if unknown := sorted(set(found.get_identifiers()) - set(PLACEHOLDERS)):
        msg = f"the template names ${unknown[0]}; there are {', '.join(f'${name}' for name in PLACEHOLDERS)}"
        raise PermanentError(msg)
    sample = found.substitute({"alerts": '[{"a": "b"}]', "labels": '{"a": "b"}', **_TEXTS_OF_CHECK})
    try:
        msgspec.json.decode(sample.encode())
    except msgspec.DecodeError as error:
        msg = (
            f"the template is no JSON once it is filled: {error} (texts come without quotes, lists with all they need)"
        )
        raise PermanentError(msg) from None


def status_of(message: Message) -> str:
    """`firing` while anything does, else `resolved`."""
    return "firing" if message.firing else "resolved"


def iso(at: int | None) -> str | None:
    """A time (microseconds since 1970 UTC) as RFC 3339 has it."""
    return None if at is None else datetime.fromtimestamp(at / 1e6, UTC).isoformat().replace("+00:00", "Z")


def _alert(alert: Alert, status: str, public_url: str | None) -> dict[str, object]:
    return {
        "status": status,
        "alert_id": alert.alert_id,
        "rule": alert.rule,
        "labels": alert.labels,
        "severity": alert.severity.value,
        "summary": alert.summary,
        "measure": alert.measure,
        "value": alert.value,
        "threshold": alert.threshold,
        "samples": alert.samples,
        "fired_at": iso(alert.fired_at),
        "resolved_at": iso(alert.resolved_at),
        "window": {"from": iso(alert.window_from), "until": iso(alert.window_until)},
        "evidence": list(alert.evidence),
        "runbook": safe_runbook(alert.runbook),
        "url": alert_url(alert, public_url) if public_url else None,
        "sessions_url": sessions_url(alert, public_url) if public_url else None,
    }


def _filled(template: str, notification: Notification, public_url: str | None) -> str:
    check_template(template)
    message, words = notification.message, words_of(notification.message, public_url)
    first = (*message.firing, *message.resolved)[0]
    texts = {
        "status": status_of(message),
        "subject": words.subject,
        "text": words.text,
        "severity": first.severity.value,
        "notification_id": notification.notification_id,
        "channel": notification.channel,
        "url": alert_url(first, public_url) if public_url else "",
    }
    parts = {
        "alerts": msgspec.json.encode(own_form(notification, public_url)["alerts"]).decode(),
        "labels": msgspec.json.encode(message.labels).decode(),
    }
    return string.Template(template).substitute({name: _inside(text) for name, text in texts.items()} | parts)


def _inside(text: str) -> str:
    """As it stands between the quotes of a JSON text."""
    return msgspec.json.encode(text).decode()[1:-1]


def _common(each: list[dict[str, str]]) -> dict[str, str]:
    first, *rest = each
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in rest)}


_TEXTS_OF_CHECK: Mapping[str, str] = dict.fromkeys(
    ("status", "subject", "text", "severity", "notification_id", "channel", "url"), "x"
)
