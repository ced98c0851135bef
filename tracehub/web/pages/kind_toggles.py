"""The switches of a session's page that show and hide kinds of steps."""

import msgspec

from tracehub.model.listing import StepCounts
from tracehub.web.pages.amounts import count
from tracehub.web.pages.labels import KINDS
from tracehub.web.pages.session_view import View, address_of, switched


class Toggle(msgspec.Struct, frozen=True):
    """One switch; `href` is the page with it switched."""

    kind: str
    text: str
    count: str
    on: bool
    href: str


def toggles_of(href: str, view: View, counts: StepCounts) -> tuple[Toggle, ...]:
    """One for each kind that the session has, and one for errors only where it has any."""
    present = tuple(kind for kind in KINDS if kind in counts.kinds)
    toggles = [
        Toggle(
            kind,
            KINDS[kind],
            count(counts.kinds[kind]),
            view.kinds is None or kind in view.kinds,
            address_of(href, switched(view, kind, present)),
        )
        for kind in present
    ]
    if counts.errors or view.errors:
        other = msgspec.structs.replace(view, errors=not view.errors)
        toggles.append(Toggle("err", "Errors only", count(counts.errors), view.errors, address_of(href, other)))
    return tuple(toggles)
