"""How a destination stands, in a word."""

from tracehub.model.export_rows import Standing
from tracehub.web.pages.source_states import StateWord

PAUSED = StateWord("‖", "Paused", "mute", "A person paused it. What waits is kept.")
STOPPED = StateWord("✕", "Stopped", "err", "Sending stopped by itself: a person has to see to it, then resume it.")
RETRYING = StateWord("↻", "Retrying", "warn", "It did not take the newest tries; tracehub goes on trying.")
SENDING = StateWord("●", "Delivering", "ok", "Traces are on their way or were taken within the last minutes.")
WAITING = StateWord("○", "Waiting", "mute", "Traces wait for their turn.")
IDLE = StateWord("○", "Idle", "mute", "Nothing waits to be sent.")
METRICS = StateWord("●", "Metrics only", "mute", "Traces are not sent there.")


def state_of(standing: Standing, *, traces: bool) -> StateWord:
    """The word that says most."""
    row = standing.destination
    if row.paused:
        return PAUSED
    if row.stopped_reason is not None:
        return STOPPED
    if not traces:
        return METRICS
    if row.failures or standing.retrying:
        return RETRYING
    if standing.sending or standing.per_minute:
        return SENDING
    return WAITING if standing.pending else IDLE
