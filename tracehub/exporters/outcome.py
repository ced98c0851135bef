"""What a receiver made of one request."""

import msgspec


class Delivered(msgspec.Struct, frozen=True):
    """It has all of it. `warning` is what it said beside that."""

    warning: str | None = None


class PartlyRejected(msgspec.Struct, frozen=True):
    """It refused so many of the spans (or data points) for good; which ones it does not say."""

    rejected: int
    reason: str


class RetryLater(msgspec.Struct, frozen=True):
    """It may take the same later: not before so many seconds, where it said so."""

    reason: str
    after: float | None = None


class TooLarge(msgspec.Struct, frozen=True):
    """It takes less at a time."""

    reason: str


class Refused(msgspec.Struct, frozen=True):
    """It does not know us, or does not let us: a person has to see to it."""

    reason: str


class Misconfigured(msgspec.Struct, frozen=True):
    """What answered is not the receiver that was meant: a person has to see to it."""

    reason: str


class Poison(msgspec.Struct, frozen=True):
    """Something in it will never be taken."""

    reason: str


class Broken(msgspec.Struct, frozen=True):
    """It failed at it. Whether that is its own doing or something in the request, the next tries tell."""

    reason: str


Outcome = Delivered | PartlyRejected | RetryLater | TooLarge | Refused | Misconfigured | Poison | Broken
