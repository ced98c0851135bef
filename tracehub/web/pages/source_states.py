"""The states of sources in words, with a mark and a tone, so that none is told by its colour alone."""

import msgspec

from tracehub.web.source_standing import State


class StateWord(msgspec.Struct, frozen=True):
    """A state as people read it; `says` what it means for them."""

    mark: str
    text: str
    tone: str
    says: str


STATES: dict[State, StateWord] = {
    "following": StateWord(
        "●", "Following", "ok", "Everything that lay there is read; what is new comes as it appears."
    ),
    "reading": StateWord("◐", "Reading", "info", "Catching up with what lay there already."),
    "waiting": StateWord("◌", "Waiting", "warn", "AWS asks to slow down or does not answer; it goes on by itself."),
    "failing": StateWord("✕", "Failing", "err", "It cannot be read until a person changes something."),
    "paused": StateWord(
        "‖", "Paused", "mute", "Nothing is read until it is resumed; then it goes on where it stopped."
    ),
    "unread": StateWord(
        "○",
        "Not read by anybody",
        "warn",
        "A running tracehub serve or tracehub collect takes it up within seconds.",
    ),
    "receiving": StateWord("●", "Receiving", "ok", "Something new came in the last 15 minutes."),
    "idle": StateWord("○", "Idle", "mute", "Nothing new came in the last 15 minutes."),
}
