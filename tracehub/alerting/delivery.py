"""Hands a notification to its channel."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from tracehub.alerting.channels import by_apprise, sns, webhook
from tracehub.alerting.channels.bodies import check_template
from tracehub.errors import PermanentError
from tracehub.model.channel import (
    ENVIRONMENT,
    FILE,
    SEALED,
    AppriseChannel,
    Channel,
    SnsChannel,
    WebhookChannel,
    check_entered,
    secrets_of,
    with_secrets,
)
from tracehub.model.notification import Notification
from tracehub.outbound import Outbound

MOST_FILE_BYTES = 64 * 1024


class MissingSecretError(PermanentError):
    """A secret is not where the channel says that it is: somebody has to put it there."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What every channel needs: how tracehub sends, where it is reached (None: nobody said), and the time."""

    outbound: Outbound
    public_url: str | None
    clock: Callable[[], int]


def deliver(channel: Channel, notification: Notification, terms: Terms) -> str:
    """Delivers one over a channel whose sealed secrets are open; what came back, in words.

    TransientError where it may be taken later, PermanentError where it never will as it is, MissingSecretError among
    those.
    """
    channel = resolved(channel)
    match channel:
        case AppriseChannel():
            return by_apprise.notify(channel, notification, terms.outbound, public_url=terms.public_url)
        case WebhookChannel():
            return webhook.post(channel, notification, terms.outbound, public_url=terms.public_url, now=terms.clock())
        case SnsChannel():
            _check_endpoint(channel, terms.outbound)
            return sns.publish(channel, notification, public_url=terms.public_url)


def check(channel: Channel, outbound: Outbound) -> None:
    """PermanentError, in words, where nothing could ever be delivered over a channel that somebody enters;
    TransientError where that cannot be told now."""
    check_entered(channel)
    match channel:
        case AppriseChannel():
            by_apprise.check(channel.url, outbound)
        case WebhookChannel():
            if channel.template is not None:
                check_template(channel.template)
            outbound.check(channel.url)
        case SnsChannel():
            _check_endpoint(channel, outbound)


def resolved(channel: Channel) -> Channel:
    """The channel with what stands in the environment and in files in its place; MissingSecretError where it is
    not."""
    return with_secrets(channel, {place: _value(channel, value) for place, value in secrets_of(channel).items()})


def _check_endpoint(channel: SnsChannel, outbound: Outbound) -> None:
    """AWS's own addresses are not asked for; one that somebody entered must not lead inside."""
    if channel.endpoint_url:
        outbound.check(channel.endpoint_url)


def _value(channel: Channel, written: str) -> str:
    if written.startswith(ENVIRONMENT):
        name = written.removeprefix(ENVIRONMENT)
        if not (value := os.environ.get(name)):
            msg = f"the channel {channel.name!r} asks for the environment variable {name}, which is not set"
            raise MissingSecretError(msg)
        return value
    if written.startswith(FILE):
        file = Path(written.removeprefix(FILE))
        try:
            with file.open("rb") as opened:
                return opened.read(MOST_FILE_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"the channel {channel.name!r} asks for the file {file}, which cannot be read"
            raise MissingSecretError(msg) from error
    if written.startswith(SEALED):
        msg = f"the channel {channel.name!r} has a secret that is missing: enter it anew"
        raise MissingSecretError(msg)
    return written
