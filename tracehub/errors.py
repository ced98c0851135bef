"""The two fates of an error: worth another try, or final."""


class TracehubError(Exception):
    """An error tracehub raises on purpose; its text is written for the person who meets it."""


class TransientError(TracehubError):
    """The same call may succeed later: nothing was lost, the caller may try again."""


class PermanentError(TracehubError):
    """The same call will fail again: the input or the configuration has to change first."""


class OverloadedError(TransientError):
    """More work is waiting than tracehub accepts; try again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoreUnavailableError(TransientError):
    """The database cannot be reached or cannot be written to right now."""


class LeaseLostError(TransientError):
    """Another process has taken over what this one was reading: it must write nothing more for it."""


class StaleError(TransientError):
    """What was read before writing has been changed by another meanwhile: read it anew."""


class DatabaseLockedError(PermanentError):
    """Another tracehub process already owns this SQLite database."""


class LimitExceededError(PermanentError):
    """The input is larger, deeper or more compressed than a limit allows; `limit` names the setting."""

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


class UndecodableError(PermanentError):
    """The record looks like a trace but cannot be read; its text is the reason given in quarantine."""


class NotFoundError(PermanentError):
    """No such session, trace, span or quarantined record."""
