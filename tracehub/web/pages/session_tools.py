"""The tools above a session's timeline: what is shown, on which axis, what is folded, and find."""

from collections.abc import Sequence

import msgspec

from tracehub.model.listing import StepCounts
from tracehub.web.pages.find import Find, Hit, find_of
from tracehub.web.pages.folding import EVERYTHING
from tracehub.web.pages.kind_toggles import Toggle, toggles_of
from tracehub.web.pages.session_head import Tab
from tracehub.web.pages.session_view import View, address_of, everything


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """`everything` is the page with no step hidden, where some may be; `fold` folds or opens every iteration."""

    toggles: tuple[Toggle, ...]
    everything: str | None
    axes: tuple[Tab, ...]
    fold: Tab | None
    find: Find


def tools_of(
    href: str,
    view: View,
    counts: StepCounts,
    hits: Sequence[Hit],
    number: int | None,
    *,
    several_turns: bool,
    can_fold: bool,
) -> Tools:
    """The tools of the session at `href`; `number` is that of the hit that is shown."""
    return Tools(
        toggles=toggles_of(href, view, counts),
        everything=address_of(href, everything(view)) if view.partial else None,
        axes=_axes(href, view) if several_turns else (),
        fold=_fold(href, view) if can_fold else None,
        find=find_of(href, view, hits, number),
    )


def _axes(href: str, view: View) -> tuple[Tab, ...]:
    return tuple(
        Tab(text, address_of(href, msgspec.structs.replace(view, session_axis=whole)), whole == view.session_axis)
        for text, whole in (("of each turn", False), ("of the session", True))
    )


def _fold(href: str, view: View) -> Tab:
    text, fold = ("Open all", frozenset[str]()) if view.fold else ("Fold all", frozenset((EVERYTHING,)))
    return Tab(text, address_of(href, msgspec.structs.replace(view, fold=fold)), bool(view.fold))
