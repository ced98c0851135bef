"""Tells when each message of a recorded stream was sent."""

from collections.abc import Iterable, Iterator, Sequence

from tracehub.bedrock.times import microseconds
from tracehub.members import Json
from tracehub.model.record import Event

# What stands between messages of which no time is known: about what a chunk takes on the wire.
GAP = 20_000
# No action group may run longer than a Lambda's 15 minutes; what lies further apart is no wait of one call.
LONGEST = 15 * 60 * 1_000_000


def received_at(body: Json) -> int | None:
    """When the recorder received the message, in microseconds since 1970 UTC."""
    return microseconds(body.get("receivedAt"))


def event_times(events: Sequence[Event]) -> list[int | None]:
    """When each message was sent: by the recorder's clock where it noted one, else by AWS's eventTime of traces."""
    if any("receivedAt" in event.body for event in events):
        return [received_at(event.body) for event in events]
    return [event.part.event_time if event.part else None for event in events]


def offsets(times: Iterable[int | None], began_at: int | None) -> Iterator[int]:
    """Microseconds since the call began, which never decrease. Long waits are only those that were recorded.

    `began_at` is when the request was sent. Where that is unknown, or was not timed by the same clock, None: the first
    message then comes after GAP. So does a message without a time after the one before it, and a message whose time is
    more than LONGEST after the last known one, for then it belongs to another clock.
    """
    anchor = None if began_at is None else (began_at, 0)
    offset = 0
    for at in times:
        if at is None or anchor is None or at - anchor[0] > LONGEST:
            offset += GAP
        else:
            offset = max(offset, anchor[1] + at - anchor[0])
        if at is not None and (anchor is None or at > anchor[0]):
            anchor = (at, offset)
        yield offset
