"""Sends notifications through Apprise: chat services, paging services, email."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import apprise

from tracehub.alerting.channels.delivered import RefusedError, RetryLaterError
from tracehub.alerting.messages import words_of
from tracehub.model.channel import AppriseChannel
from tracehub.model.notification import Notification
from tracehub.outbound import Outbound

# Services at addresses of their own.
_HOSTED = frozenset(
    [
        "betterstack",
        "brevo",
        "clicksend",
        "dingtalk",
        "discord",
        "feishu",
        "firehydrant",
        "flock",
        "gchat",
        "groupme",
        "ifttt",
        "ilert",
        "incidentio",
        "join",
        "lark",
        "line",
        "mailersend",
        "mailgun",
        "msg91",
        "msgbird",
        "notifiarr",
        "onesignal",
        "opsgenie",
        "pagerduty",
        "pagertree",
        "pbul",
        "plivo",
        "postmark",
        "pover",
        "prowl",
        "pushed",
        "pushy",
        "qq",
        "resend",
        "ringc",
        "ryver",
        "sendgrid",
        "ses",
        "signl4",
        "sinch",
        "slack",
        "smtp2go",
        "sns",
        "sparkpost",
        "spike",
        "splunk",
        "squadcast",
        "telegram",
        "tgram",
        "threema",
        "twilio",
        "twist",
        "victorops",
        "vonage",
        "webex",
        "wecombot",
        "whatsapp",
        "workflow",
        "workflows",
        "wxteams",
        "zcliq",
        "zoom",
        "zulip",
    ]
)
# Services at an address that the URL names, with the port they are reached at where it names none.
_AT_HOST = {
    "goalert": 80,
    "goalerts": 443,
    "gotify": 80,
    "gotifys": 443,
    "mailto": 587,
    "mailtos": 587,
    "matrix": 80,
    "matrixs": 443,
    "mattermost": 80,
    "mmost": 80,
    "mmosts": 443,
    "ntfy": 80,
    "ntfys": 443,
    "rocket": 80,
    "rockets": 443,
    "signal": 80,
    "signals": 443,
}
_STATUS = re.compile(r"error=(\d{3})")
_FINAL = frozenset({"400", "401", "403", "404", "405", "410"})
_KINDS = {
    "failure": apprise.NotifyType.FAILURE,
    "warning": apprise.NotifyType.WARNING,
    "info": apprise.NotifyType.INFO,
    "success": apprise.NotifyType.SUCCESS,
}


def notify(channel: AppriseChannel, notification: Notification, outbound: Outbound, *, public_url: str | None) -> str:
    """Delivers one; what came back, in words. RetryLaterError or RefusedError where it was not taken,
    RefusedAddressError and UnreachableError as `check` raises them."""
    check(channel.url, outbound)
    service = _service(channel.url)
    words = words_of(notification.message, public_url)
    with _heard() as lines:
        taken = service.notify(
            body=words.text,
            title=words.subject,
            notify_type=_KINDS[words.kind],
            body_format=apprise.NotifyFormat.TEXT,
        )
    if taken:
        return f"{service.service_name} took it"
    said = " ".join(lines)
    status = _STATUS.search(said)
    msg = without_secrets(" ".join(said.split())[-500:], channel.url) or "it was not taken, and nobody said why"
    raise (RefusedError if status and status.group(1) in _FINAL else RetryLaterError)(msg)


def check(url: str, outbound: Outbound) -> None:
    """RefusedError where the URL is none that Apprise knows, or of a kind that must not be used;
    RefusedAddressError where it leads inside."""
    schema = url.partition(":")[0].lower()
    if schema not in _HOSTED and schema not in _AT_HOST:
        known = ", ".join(sorted(_HOSTED | _AT_HOST.keys()))
        hint = " (for your own HTTP receiver use a webhook channel)" if schema in _OWN_HTTP else ""
        msg = f"{schema[:40]!r} is no kind of Apprise URL that can be used here{hint}: use one of {known}"
        raise RefusedError(msg)
    service = _service(url)
    if schema in _AT_HOST and (host := _host_of(service, url)):
        port = getattr(service, "port", None) or _AT_HOST[schema]
        outbound.check(f"http://{f'[{host}]' if ':' in host else host}:{port}/")


def hidden(url: str) -> str:
    """The URL as it may be shown: what kind it is of, and nothing else."""
    schema = url.partition(":")[0]
    return f"{schema}://…"


def without_secrets(text: str, url: str) -> str:
    """`text` without any part of the URL that could be a secret."""
    parts = {part for piece in re.split(r"[/?&=@:]", url) for part in (piece, unquote(piece)) if len(part) >= 6}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "…")
    return text


def _service(url: str) -> apprise.NotifyBase:
    # Redirects could lead inside; what is sent a second time by Apprise itself would not be the same delivery.
    separator = "&" if "?" in url else "?"
    try:
        with _heard():
            found = apprise.Apprise.instantiate(f"{url}{separator}redirect=no", suppress_exceptions=True)
    except (TypeError, ValueError, AttributeError):
        found = None
    if found is None:
        schema = url.partition(":")[0].lower()[:40]
        msg = f"Apprise cannot read this {schema}:// URL; its documentation says how one is written"
        raise RefusedError(msg)
    return found


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What Apprise logs in this thread; nowhere else, as it may hold secrets."""
    lines: list[str] = []
    thread = threading.get_ident()

    class Hearing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread:
                lines.append(record.getMessage())

    logger, handler = logging.getLogger("apprise"), Hearing(logging.WARNING)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def _host_of(service: apprise.NotifyBase, url: str) -> str | None:
    """Where it connects: email may name its server apart from the address."""
    host = getattr(service, "smtp_host", None) or getattr(service, "host", None) or urlsplit(url).hostname
    return str(host) if host else None


_OWN_HTTP = ("json", "jsons", "xml", "xmls", "form", "forms", "http", "https")
