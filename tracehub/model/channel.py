"""The channels through which people are told of alerts, in the words of the configuration file and of the UI."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, cast

import msgspec
from msgspec import Meta

from tracehub.errors import PermanentError
from tracehub.model.alert import Severity
from tracehub.model.destination import sendable
from tracehub.model.source import Access, Name, Text

Seconds = Annotated[int, Meta(ge=0, le=30 * 86_400)]
# Where a secret stands: in the environment, in a file, or sealed in the store because it was entered in the UI.
ENVIRONMENT, FILE, SEALED = "env:", "file:", "sealed:"
HOUR = 3600


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How messages of a channel are put together.

    Alerts with the same values of the labels `group_by` share a message; with none, all do. A new group waits
    `group_wait` seconds for more of its alerts, further news of it `group_interval`. What cannot be delivered for
    `give_up_after` seconds is given up. `resolved` is whether people are told that it is over, `least` the severity
    from which they are told at all.
    """

    group_by: tuple[Text, ...] = ("alertname",)
    group_wait: Seconds = 30
    group_interval: Seconds = 300
    give_up_after: Annotated[int, Meta(ge=60, le=30 * 86_400)] = 24 * HOUR
    resolved: bool = True
    least: Severity = Severity.INFO


class AppriseChannel(Delivery, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="apprise", tag_field="kind"):
    """Slack, PagerDuty, Opsgenie, Teams, email, ntfy and many more, by the one URL that Apprise knows them by."""

    name: Name
    url: Text


class WebhookChannel(Delivery, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="webhook", tag_field="kind"):
    """A POST of JSON: tracehub's own form, that of Alertmanager's webhooks (version 4), or the text of `template`.

    With `secret` each request is signed (`X-Tracehub-Signature`); while `former_secret` is there, by both. `headers`
    may hold secrets, and are kept like them.
    """

    name: Name
    url: Text
    form: Literal["tracehub", "alertmanager", "template"] = "tracehub"
    template: Annotated[str, Meta(max_length=20_000)] | None = None
    secret: Text | None = None
    former_secret: Text | None = None
    headers: dict[str, str] = {}
    timeout_seconds: Annotated[float, Meta(gt=0, le=60)] = 10


class SnsChannel(Delivery, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sns", tag_field="kind"):
    """A topic of Amazon SNS, in the region of its ARN; credentials come from where every AWS tool reads them, unless a
    profile or a role is named."""

    name: Name
    topic_arn: Annotated[str, Meta(pattern=r"^arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w.-]{1,256}$")]
    profile: Text | None = None
    role_arn: Text | None = None
    external_id: Text | None = None
    endpoint_url: Text | None = None

    @property
    def access(self) -> Access:
        """How AWS is reached."""
        return Access(
            region=self.topic_arn.split(":")[3],
            profile=self.profile,
            role_arn=self.role_arn,
            external_id=self.external_id,
            endpoint_url=self.endpoint_url,
        )


Channel = AppriseChannel | WebhookChannel | SnsChannel
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_OURS = frozenset(
    [
        "connection",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "transfer-encoding",
        "x-tracehub-notification",
        "x-tracehub-signature",
    ]
)
_SEVERITIES = tuple(Severity)


class ChannelRow(msgspec.Struct, frozen=True, kw_only=True):
    """A declared channel. `declared_in` is `file` or `ui`; `last_error` is why the newest try failed, None where it
    did not.

    Times are microseconds since 1970 UTC.
    """

    channel: Channel
    declared_in: str
    created_at: int
    last_sent_at: int | None
    last_error: str | None
    last_error_at: int | None


def read_channel(declared: Mapping[str, object]) -> Channel:
    """The channel that these words declare; PermanentError says which of them is wrong, and how."""
    try:
        channel: Channel = msgspec.convert(dict(declared), Channel)
    except msgspec.ValidationError as error:
        name = declared.get("name")
        of = f" of the channel {name!r}" if isinstance(name, str) else ""
        msg = f"the declaration{of} cannot be used: {error}"
        raise PermanentError(msg) from None
    if isinstance(channel, WebhookChannel):
        _check_webhook(channel)
    return channel


def words_of(channel: Channel) -> dict[str, object]:
    """The declaration that `channel` was read from, without what stands at its default."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(channel)}
    factories = {field.name: field.default_factory for field in msgspec.structs.fields(channel)}
    written = cast("dict[str, object]", msgspec.to_builtins(channel))
    found = {}
    for name, value in written.items():
        default = defaults.get(name, msgspec.NODEFAULT)
        if (
            default is msgspec.NODEFAULT
            and (factory := factories.get(name, msgspec.NODEFAULT)) is not msgspec.NODEFAULT
        ):
            default = factory()
        if value != msgspec.to_builtins(default if default is not msgspec.NODEFAULT else None) or name == "name":
            found[name] = value
    return found


def secrets_of(channel: Channel) -> dict[str, str]:
    """What must not be shown, by where it stands."""
    match channel:
        case AppriseChannel():
            return {"url": channel.url}
        case WebhookChannel():
            found = {"url": channel.url, "secret": channel.secret, "former_secret": channel.former_secret}
            kept = {name: value for name, value in found.items() if value is not None}
            return kept | {f"headers.{name}": value for name, value in channel.headers.items()}
        case SnsChannel():
            return {}


def with_secrets(channel: Channel, secrets: Mapping[str, str]) -> Channel:
    """The channel with other values for what must not be shown."""
    plain = {name: value for name, value in secrets.items() if not name.startswith("headers.")}
    headers = {name.removeprefix("headers."): value for name, value in secrets.items() if name.startswith("headers.")}
    changes: dict[str, object] = {**plain}
    if headers:
        changes["headers"] = headers
    return msgspec.structs.replace(channel, **changes)


def stands_elsewhere(value: str) -> bool:
    """Whether this only says where the secret is."""
    return value.startswith((ENVIRONMENT, FILE, SEALED))


def check_entered(channel: Channel) -> None:
    """PermanentError where a channel that was entered in the UI reads this machine's environment or files.

    Only who writes the configuration file may do that: else whoever may enter a channel could have the secrets of this
    machine sent to it.
    """
    for place, value in secrets_of(channel).items():
        if value.startswith((ENVIRONMENT, FILE)):
            msg = f"{place} may only be read from {value.partition(':')[0]}: in the configuration file"
            raise PermanentError(msg)


def serious_enough(severity: Severity, channel: Channel) -> bool:
    """Whether alerts of this severity are told there."""
    return _SEVERITIES.index(severity) <= _SEVERITIES.index(channel.least)


def _check_webhook(channel: WebhookChannel) -> None:
    if (channel.form == "template") != (channel.template is not None):
        msg = f"the channel {channel.name!r} needs a template where its form is `template`, and only there"
        raise PermanentError(msg)
    if not stands_elsewhere(channel.url) and not channel.url.startswith(("http://", "https://")):
        msg = f"the url of the channel {channel.name!r} must begin with https:// or http://"
        raise PermanentError(msg)
    for name, value in channel.headers.items():
        if _HEADER.fullmatch(name) is None or not sendable(value):
            msg = f"the channel {channel.name!r} has a header that cannot be sent: {name!r}"
            raise PermanentError(msg)
        if name.lower() in _OURS:
            msg = f"the channel {channel.name!r} has a header that is tracehub's to write: {name}"
            raise PermanentError(msg)
