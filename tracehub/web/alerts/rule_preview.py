"""What a rule would have done in the last days, as its form and its page show it."""

import msgspec

from tracehub.web.alerts.alert_page import EpisodeLine
from tracehub.web.alerts.value_chart import ValueChart

DAYS = 7


class PreviewOfGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that there would have been, or one group that would have had none."""

    labels: tuple[tuple[str, str], ...]
    chart: ValueChart | None
    episodes: tuple[EpisodeLine, ...]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """`said` is the answer in one sentence; `groups` those that fired most often first, `more` says how many are left
    out."""

    said: str
    fired: bool
    groups: tuple[PreviewOfGroup, ...]
    more: str
    note: str
