"""The two ways in which a message is not taken."""

from tracehub.errors import PermanentError, TransientError


class RetryLaterError(TransientError):
    """It may be taken later: in `seconds`, where the receiver said so."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class RefusedError(PermanentError):
    """It will not be taken as it is: the channel's declaration has to change first."""
