"""Sends notifications through Apprise: chat services, paging services, email."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

import apprise
from apprise.plugins.opsgenie import NotifyOpsgenie

from tracehub.alerting.channels.apprise_kinds import kind_of, leads_to, refuse_files
from tracehub.alerting.channels.delivered import RefusedError, RetryLaterError
from tracehub.alerting.channels.incidents import close_at_opsgenie, naming
from tracehub.alerting.messages import words_of
from tracehub.model.channel import AppriseChannel
from tracehub.model.notification import Notification
from tracehub.outbound import Outbound

# Of two parameters of one name Apprise takes the last, so these hold whatever the URL says: redirects could lead
# inside, a second try by Apprise would not be the same delivery, and what is too long would be refused for good.
_ALWAYS = "redirect=no&overflow=truncate&cto=10&rto=15&retry=0&optional=no&discovery=no"
_ASSET = apprise.AppriseAsset(
    app_id="tracehub",
    app_desc="tracehub",
    http_redirects=False,
    storage_mode="memory",
    pgp_autogen=False,
    pem_autogen=False,
)
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
    service = _checked(channel.url, outbound, notification.group_id)
    words = words_of(notification.message, public_url)
    if isinstance(service, NotifyOpsgenie) and words.kind == "success":
        closed = close_at_opsgenie(service, words.text, outbound)
        if closed is not None:
            return closed
    with _heard() as lines:
        try:
            taken = service.notify(
                body=words.text,
                title=words.subject,
                notify_type=_KINDS[words.kind],
                body_format=apprise.NotifyFormat.TEXT,
            )
        except Exception as error:  # over a hundred plugins; what they raise could hold the URL
            msg = f"Apprise failed: {type(error).__name__}"
            raise RetryLaterError(msg) from None
    if taken:
        return f"{service.service_name} took it"
    said = " ".join(lines)
    status = _STATUS.search(said)
    msg = without_secrets(" ".join(said.split())[-500:], channel.url) or "it was not taken, and nobody said why"
    raise (RefusedError if status and status.group(1) in _FINAL else RetryLaterError)(msg)


def check(url: str, outbound: Outbound) -> None:
    """RefusedError where the URL is none that Apprise knows, or of a kind that must not be used;
    RefusedAddressError where it leads inside."""
    _checked(url, outbound, "")


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


def _checked(url: str, outbound: Outbound, group_id: str) -> apprise.NotifyBase:
    service = _service(url, group_id)
    refuse_files(service)
    if address := leads_to(service, url):
        outbound.check(address)
    return service


def _service(url: str, group_id: str) -> apprise.NotifyBase:
    kind = kind_of(url)
    address, _, asked = url.partition("?")
    wanted = "&".join(part for part in (naming(kind, url, group_id), asked, _ALWAYS) if part)
    try:
        with _heard():
            found = apprise.Apprise.instantiate(f"{address}?{wanted}", asset=_ASSET, suppress_exceptions=True)
    except (TypeError, ValueError, AttributeError):
        found = None
    if found is None:
        msg = f"Apprise cannot read this {kind}:// URL; its documentation says how one is written"
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
