"""The words, marks and tones of alerts, so that none is told by its colour alone."""

import msgspec

from tracehub.model.alert import AlertState, Severity


class Word(msgspec.Struct, frozen=True):
    """A state as people read it; `says` what it means for them."""

    mark: str
    text: str
    tone: str
    says: str


STATES = {
    AlertState.FIRING: Word("✕", "Firing", "err", "The condition has held for long enough, and still does."),
    AlertState.PENDING: Word("◐", "Pending", "warn", "The condition holds, not yet for long enough."),
    AlertState.RESOLVED: Word("✓", "Resolved", "ok", "The condition no longer holds."),
}
SILENCED = Word("‖", "Silenced", "mute", "A silence keeps it from being told to anybody.")
SEVERITIES = {
    Severity.CRITICAL: Word("▲", "Critical", "err", "Somebody should look now."),
    Severity.WARNING: Word("◆", "Warning", "warn", "Somebody should look today."),
    Severity.INFO: Word("●", "Info", "info", "Good to know."),
}
URGENCY = {severity: place for place, severity in enumerate(SEVERITIES)}
