"""What the page of channels shows."""

from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.model.channel import ENVIRONMENT, FILE, ChannelRow, SnsChannel, secrets_of
from tracehub.model.rule_amounts import duration_words
from tracehub.store import alert_channels
from tracehub.web.alerts import places
from tracehub.web.alerts.channel_form import HEADINGS, kind_of
from tracehub.web.alerts.trouble import Trouble, trouble_of
from tracehub.web.pages import addresses
from tracehub.web.pages.moments import Moment, ago
from tracehub.web.pages.notices import told
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.reports.report import Tab

DONE = {
    "added": "“{name}” was added. Send a test.",
    "changed": "“{name}” was changed. Send a test.",
    "removed": "“{name}” was removed: nobody is told there any more.",
}
_DECLARED = {"file": "declared in the configuration file", "ui": "declared here"}
_PLAIN = {"apprise": "Apprise", "webhook": "Webhook", "sns": "Amazon SNS"}


class ChannelCard(msgspec.Struct, frozen=True, kw_only=True):
    """One channel. `secrets` are what is kept of it: a name, and where it stands; `tested` what came back of a test."""

    name: str
    address: str
    kind: str
    declared: str
    topic: str | None
    secrets: tuple[tuple[str, str], ...]
    says: str
    sent: Moment | None
    error: str
    error_at: Moment | None
    log: str
    edit: str | None
    tested: str | None
    went_well: bool


class ChannelsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alert_channels.html."""

    section: str = "alerts"
    title: str = "Channels"
    tabs: tuple[Tab, ...]
    notice: str | None
    trouble: tuple[Trouble, ...]
    kinds: tuple[Tab, ...]
    cards: tuple[ChannelCard, ...]


def channels_page(
    connection: Connection, query: QueryParams, *, now: int, tested: tuple[str, str, bool] | None = None
) -> ChannelsPage:
    """Every channel; `tested` is the name of one, what came back of a test, and whether it went well."""
    return ChannelsPage(
        tabs=places.tabs(places.CHANNELS),
        notice=told(query, DONE),
        trouble=trouble_of(connection, now),
        kinds=tuple(Tab(text, f"{places.CHANNELS}/new?kind={kind}", False) for kind, text in HEADINGS.items()),
        cards=tuple(
            _card(row, now, tested[1:] if tested and tested[0] == row.channel.name else None)
            for row in alert_channels.every(connection)
        ),
    )


def _card(row: ChannelRow, now: int, tested: tuple[str, bool] | None) -> ChannelCard:
    channel = row.channel
    address = addresses.alert_channel(channel.name)
    over = "and when it is over" if channel.resolved else "not when it is over"
    grouped = ", ".join(one_line(label, 60) for label in channel.group_by) or "nothing"
    return ChannelCard(
        name=one_line(channel.name, 100),
        address=address,
        kind=_PLAIN[kind_of(channel)],
        declared=_DECLARED.get(row.declared_in, one_line(row.declared_in, 40)),
        topic=one_line(channel.topic_arn, 300) if isinstance(channel, SnsChannel) else None,
        secrets=tuple((one_line(place, 80), _where(value)) for place, value in secrets_of(channel).items()),
        says=f"From {channel.least} on, {over}; grouped by {grouped}, after {duration_words(channel.group_wait)}",
        sent=ago(row.last_sent_at, now),
        error=visible(row.last_error or ""),
        error_at=ago(row.last_error_at, now),
        log=f"{places.NOTIFICATIONS}?{urlencode({'channel': channel.name})}",
        edit=f"{address}/edit" if row.declared_in == "ui" else None,
        tested=visible(tested[0]) if tested else None,
        went_well=tested[1] if tested else False,
    )


def _where(value: str) -> str:
    """Where a secret stands; never what it is."""
    return one_line(value, 120) if value.startswith((ENVIRONMENT, FILE)) else "kept"
