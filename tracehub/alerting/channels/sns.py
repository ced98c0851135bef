"""Publishes notifications to a topic of Amazon SNS."""

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from tracehub.alerting.channels.bodies import own_form
from tracehub.alerting.channels.delivered import RefusedError, RetryLaterError
from tracehub.alerting.messages import words_of
from tracehub.collectors import access
from tracehub.model.channel import SnsChannel
from tracehub.model.notification import Notification

# SNS takes 256 KB in all, and 100 characters of ASCII as the subject of an email.
_MOST_BYTES, _MOST_SUBJECT = 200_000, 99
_FINAL = frozenset(
    {
        "AuthorizationError",
        "InvalidParameter",
        "InvalidParameterValue",
        "NotFound",
        "InvalidClientTokenId",
        "AccessDenied",
    }
)


def publish(channel: SnsChannel, notification: Notification, *, public_url: str | None) -> str:
    """Delivers one; what came back, in words. RetryLaterError or RefusedError where it was not taken.

    Email gets the text, queues and functions the JSON of webhooks (`MessageStructure` json).
    """
    words = words_of(notification.message, public_url)
    form = msgspec.json.encode(own_form(notification, public_url)).decode()
    if len(form.encode()) > _MOST_BYTES:
        form = words.text
    message = {"default": form, "email": words.text, "sms": words.subject}
    subject = words.subject.encode("ascii", "replace").decode()[:_MOST_SUBJECT]
    try:
        answer = access.client(channel.access, "sns").publish(
            TopicArn=channel.topic_arn,
            Subject=subject,
            Message=msgspec.json.encode(message).decode(),
            MessageStructure="json",
            MessageAttributes={"notification_id": {"DataType": "String", "StringValue": notification.notification_id}},
            **_ordered(channel, notification),
        )
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        kind = RefusedError if code in _FINAL else RetryLaterError
        msg = f"SNS answered {code}"
        raise kind(msg) from error
    except BotoCoreError as error:
        msg = f"SNS could not be asked: {type(error).__name__}"
        raise RetryLaterError(msg) from error
    return f"SNS took it as {answer['MessageId']}"


def _ordered(channel: SnsChannel, notification: Notification) -> dict[str, str]:
    """What a FIFO topic asks for; it takes a repeated delivery for the same one."""
    if not channel.topic_arn.endswith(".fifo"):
        return {}
    return {
        "MessageGroupId": notification.group_id,
        "MessageDeduplicationId": notification.notification_id,
    }
