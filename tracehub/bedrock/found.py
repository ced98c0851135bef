"""What decoding finds in a record: messages, calls, pieces without a trace, pieces that are broken."""

from collections.abc import Sequence

import msgspec

from tracehub.members import Json
from tracehub.model.part import Part
from tracehub.model.record import Decoded, Event, EventKind, Limits, Quarantined, quarantined


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message before it is known which call it belongs to. `part` is its TracePart where it is a trace."""

    kind: EventKind
    body: Json
    raw: bytes
    part: Part | None


class Call(msgspec.Struct, frozen=True, gc=False):
    """Messages of which the envelope says that they are one call's; `request_id` is the HTTP request's.

    `continues` tells that the record is one stream, whose earlier and later messages are the same call's.
    """

    messages: tuple[Message, ...]
    request_id: str | None = None
    continues: bool = False


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """A message of which the recorder says whose call it is, its place in the stream (None where it says none), and how
    many equal ones came before it in that call."""

    message: Message
    request_id: str
    index: int | None
    repeat: int


Item = Message | Call | Recorded


class Findings:
    """Collects, in order, what the decoders find; the decoders never raise on content, they report here."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.items: list[Item] = []
        self.ignored = 0
        self.quarantined: list[Quarantined] = []

    def decoded(self, events: Sequence[Event]) -> Decoded:
        """The count of all that was found; each message is a piece, be it one of many in a document."""
        messages = sum(len(item.messages) if isinstance(item, Call) else 1 for item in self.items)
        return Decoded(
            records=messages + self.ignored + len(self.quarantined),
            events=tuple(events),
            ignored=self.ignored,
            quarantined=tuple(self.quarantined),
        )

    def progress(self) -> int:
        """Grows with everything that is reported."""
        return len(self.items) + self.ignored + len(self.quarantined)

    def keep(self, message: Message) -> None:
        """Takes a message, or quarantines it where it is larger than `max_event_bytes`."""
        if len(message.raw) > self.limits.max_event_bytes:
            self.quarantine(f"the event is larger than max_event_bytes ({self.limits.max_event_bytes})", message.raw)
        else:
            self.items.append(message)

    def quarantine(self, reason: str, data: bytes) -> None:
        """Takes a broken piece."""
        self.quarantined.append(quarantined(reason, data, self.limits.quarantine_bytes))
