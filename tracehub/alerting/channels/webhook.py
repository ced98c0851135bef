"""Posts notifications as JSON."""

from email.utils import parsedate_to_datetime

from tracehub.alerting.channels.bodies import body_of
from tracehub.alerting.channels.delivered import RefusedError, RetryLaterError
from tracehub.alerting.channels.signature import HEADER, signature
from tracehub.model.channel import WebhookChannel
from tracehub.model.destination import sendable
from tracehub.model.notification import Notification
from tracehub.outbound import Outbound, Reply

_RETRIED = (408, 425, 429)
_LONGEST_WAIT = 3600.0


def post(
    channel: WebhookChannel, notification: Notification, outbound: Outbound, *, public_url: str | None, now: int
) -> str:
    """Delivers one; what came back, in words. `now` is microseconds since 1970 UTC.

    RetryLaterError or RefusedError where it was not taken, UnreachableError where nobody answered, RefusedAddressError
    where nothing may be sent there.
    """
    for name, value in channel.headers.items():
        if not sendable(value):
            msg = f"the header {name} has a value that cannot be sent"
            raise RefusedError(msg)
    body = body_of(channel, notification, public_url)
    headers = {
        **channel.headers,
        "Content-Type": "application/json",
        "Idempotency-Key": notification.notification_id,
        "X-Tracehub-Notification": notification.notification_id,
    }
    if secrets := [secret for secret in (channel.secret, channel.former_secret) if secret]:
        headers[HEADER] = signature(body, now // 1_000_000, secrets)
    reply = outbound.request(
        "POST", channel.url, body=body, headers=headers, seconds=channel.timeout_seconds, most_bytes=4096
    )
    if 200 <= reply.status < 300:
        return f"it answered {reply.status}"
    if reply.status in _RETRIED or reply.status >= 500:
        msg = f"it answered {reply.status}"
        raise RetryLaterError(msg, _asked_to_wait(reply, now))
    redirected = " (redirects are not followed: enter the address it leads to)" if 300 <= reply.status < 400 else ""
    msg = f"it answered {reply.status}{redirected}"
    raise RefusedError(msg)


def _asked_to_wait(reply: Reply, now: int) -> float | None:
    """Seconds of Retry-After: a number, or a date (RFC 9110, 10.2.3)."""
    written = reply.headers.get("retry-after", "")
    if written.isdigit():
        return min(float(written), _LONGEST_WAIT)
    try:
        seconds = parsedate_to_datetime(written).timestamp() - now / 1e6
    except (TypeError, ValueError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
