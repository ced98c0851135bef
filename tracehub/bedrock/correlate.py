"""Tells which call each message belongs to, and numbers the messages of a call."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

import msgspec
import orjson

from tracehub.bedrock.call_tree import CallTree, Remembered
from tracehub.bedrock.found import Call, Item, Message, Recorded
from tracehub.bedrock.identity import hash_of, repeated
from tracehub.bedrock.message_identity import id_of, may_repeat, return_control_id
from tracehub.bedrock.shapes import part_of, run_of
from tracehub.members import mapping, text
from tracehub.model.record import Event, EventKind

# Calls remembered at once: a log is read in order, so what is older has ended.
_REMEMBERED = 2000
# Messages kept back until they or others name the call.
_MOST_WAITING = 5000
# Calls remembered from one sitting to the next.
_KEPT = 32

_Named = tuple[Message, str]


class Context(msgspec.Struct, frozen=True, array_like=True):
    """What a correlator has in mind, as it is kept between two sittings. `calls` tells of each how many messages it has
    and how often those came that may repeat; `waiting` are messages whose call is not known yet: kind, raw."""

    tree: Remembered = Remembered()
    calls: list[tuple[str, int, dict[str, int]]] = []
    current: str | None = None
    waiting: list[tuple[EventKind, bytes]] = []


class Correlator:
    """Turns messages into events. Keeps in mind what earlier messages of the same record told.

    Messages that do not name their call (chunk, files, exception, …) go to the call last seen, else to the next one.
    A request begins a new call. Calls that name themselves nowhere are named by a hash of their messages.
    """

    def __init__(self) -> None:
        self._tree = CallTree()
        self._numbers: OrderedDict[str, _Numbers] = OrderedDict()
        self._current: str | None = None
        self._waiting: list[_Named] = []
        self._stream: list[_Named] = []
        self._stream_trace_id: str | None = None
        self._stream_repeats: dict[str, int] = {}

    def events(self, items: Sequence[Item]) -> list[Event]:
        """The events of `items` without those seen before. Some may be kept back for later calls or `close`."""
        self._tree.learn(item for item in items if isinstance(item, Message))
        events: list[Event] = []
        for item in items:
            match item:
                case Message():
                    events += self._of_message(item)
                case Recorded():
                    events += self._of_recorded(item)
                case Call(continues=True):
                    events += self._of_stream_part(item)
                case Call():
                    events += self._release(None)
                    events += self._of_call(item)
        return events

    def close(self) -> list[Event]:
        """The events still kept back."""
        return self._of_stream() + self._release(None)

    def snapshot(self) -> Context:
        """What later messages of the same log will need: exact for the calls seen last, as a log is read in order."""
        return Context(
            tree=self._tree.snapshot(_KEPT),
            calls=[
                (name, numbers.next_index, numbers.repeats) for name, numbers in list(self._numbers.items())[-_KEPT:]
            ],
            current=self._current,
            waiting=[(message.kind, message.raw) for message, _ in self._waiting],
        )

    def restore(self, context: Context) -> None:
        """Goes on where a log was left; the messages that waited are read anew from their own bytes."""
        self._tree.restore(context.tree)
        for name, next_index, repeats in context.calls:
            self._numbers[name] = _Numbers(next_index, repeats)
        self._current = context.current
        for kind, raw in context.waiting:
            body = orjson.loads(raw)
            message = Message(kind, body, raw, part_of(body) if kind == "trace" else None)
            self._waiting.append((message, id_of(message)))

    @property
    def waits(self) -> bool:
        """Whether messages are kept back."""
        return bool(self._waiting or self._stream)

    def _of_call(self, call: Call) -> list[Event]:
        named = [(message, id_of(message)) for message in call.messages]
        self._current = _trace_id_of(named, call.request_id)
        return self._emit_all(named, self._current, {})

    def _of_recorded(self, recorded: Recorded) -> list[Event]:
        """Told by the recorder, so that lines of many calls may lie among each other, and each may come alone."""
        message = recorded.message
        released = self._release(None)
        trace_id = self._current = run_of(recorded.request_id) or hash_of([recorded.request_id])
        if message.part is not None and message.part.run_id is not None:
            self._tree.adopt(message.part.run_id, trace_id)
        event_id = repeated(id_of(message), recorded.repeat if may_repeat(message) else 0)
        return released + self._numbers_of(trace_id).emit(message, event_id, trace_id, index=recorded.index)

    def _of_stream_part(self, part: Call) -> list[Event]:
        """Kept back until a message names the call."""
        self._stream += [(message, id_of(message)) for message in part.messages]
        if self._stream_trace_id is None:
            self._stream_trace_id = _first_run((message for message, _ in self._stream), longest_chain=1)
        if self._stream_trace_id is None and len(self._stream) < _MOST_WAITING:
            return []
        return self._of_stream()

    def _of_stream(self) -> list[Event]:
        if not self._stream:
            return []
        if self._stream_trace_id is None:
            self._stream_trace_id = _trace_id_of(self._stream, None)
        events = self._emit_all(self._stream, self._stream_trace_id, self._stream_repeats)
        self._stream = []
        return events

    def _of_message(self, message: Message) -> list[Event]:
        named = (message, id_of(message))
        if message.kind == "request":
            released = self._release(None)
            self._current = None
            self._waiting.append(named)
            return released
        trace_id = self._named_by(message)
        if trace_id is None and self._current is None:
            self._waiting.append(named)
            return self._release(None) if len(self._waiting) >= _MOST_WAITING else []
        released = []
        if trace_id is not None:
            released = self._release(None if self._is_complete() else trace_id)
            self._current = trace_id
        return released + self._emit_one(named, trace_id or self._current or "")

    def _named_by(self, message: Message) -> str | None:
        """The trace_id that the message tells itself."""
        if message.part is not None:
            run_id = message.part.run_id
            return self._tree.place(message.part, run_id) if run_id else None
        if message.kind == "return_control":
            return self._tree.asking(return_control_id(message))
        return None

    def _is_complete(self) -> bool:
        """Whether the messages that wait are a whole call's, from its request to its response."""
        return {"request", "response"} <= {message.kind for message, _ in self._waiting}

    def _release(self, trace_id: str | None) -> list[Event]:
        """The events that waited, as those of `trace_id`, or of a call of their own."""
        if not self._waiting:
            return []
        waiting, self._waiting = self._waiting, []
        self._current = trace_id or _trace_id_of(waiting, _request_id(waiting))
        return [event for named in waiting for event in self._emit_one(named, self._current)]

    def _emit_all(self, messages: Iterable[_Named], trace_id: str, repeats: dict[str, int]) -> list[Event]:
        """The events of a call of which every message counts: an equal one is another one."""
        numbers = self._numbers_of(trace_id)
        events: list[Event] = []
        for message, base_id in messages:
            occurrence = repeats.get(base_id, 0)
            repeats[base_id] = occurrence + 1
            if message.kind == "return_control":
                occurrence = 0
            events += numbers.emit(message, repeated(base_id, occurrence), trace_id)
        return events

    def _emit_one(self, named: _Named, trace_id: str) -> list[Event]:
        message, base_id = named
        numbers = self._numbers_of(trace_id)
        if not may_repeat(message):
            return numbers.emit(message, base_id, trace_id)
        occurrence = numbers.repeats.get(base_id, 0)
        numbers.repeats[base_id] = occurrence + 1
        return numbers.emit(message, repeated(base_id, occurrence), trace_id)

    def _numbers_of(self, trace_id: str) -> "_Numbers":
        numbers = self._numbers.get(trace_id)
        if numbers is None:
            numbers = self._numbers[trace_id] = _Numbers()
            if len(self._numbers) > _REMEMBERED:
                self._numbers.popitem(last=False)
        return numbers


class _Numbers:
    """The messages of one call that were seen, and how often those came that may repeat."""

    def __init__(self, next_index: int = 0, repeats: dict[str, int] | None = None) -> None:
        self._seen: set[str] = set()
        self.next_index = next_index
        self.repeats = {} if repeats is None else repeats

    def emit(self, message: Message, event_id: str, trace_id: str, *, index: int | None = None) -> list[Event]:
        """The event under its position in the call, or under `index`; nothing where it was seen before."""
        if event_id in self._seen:
            return []
        self._seen.add(event_id)
        if index is None:
            index = self.next_index
        self.next_index = max(self.next_index, index + 1)
        run_id = message.part.run_id if message.part is not None else None
        return [
            Event(
                kind=message.kind,
                event_id=event_id,
                run_id=run_id,
                trace_id=trace_id,
                index=index,
                raw=message.raw,
                body=message.body,
                part=message.part,
            )
        ]


def _trace_id_of(messages: Sequence[_Named], request_id: str | None) -> str:
    """The top agent's run, else the request's id, else any run, else a hash of the messages."""
    parts = [message for message, _ in messages]
    if run_id := _first_run(parts, longest_chain=1) or run_of(request_id):
        return run_id
    if request_id is not None:
        return hash_of([request_id])
    return _first_run(parts, longest_chain=None) or hash_of(event_id for _, event_id in messages)


def _first_run(messages: Iterable[Message], *, longest_chain: int | None) -> str | None:
    for message in messages:
        part = message.part
        if part is not None and (longest_chain is None or len(part.chain) <= longest_chain) and (run := part.run_id):
            return run
    return None


def _request_id(messages: Iterable[_Named]) -> str | None:
    for message, _ in messages:
        if message.kind == "response":
            return text(mapping(mapping(message.body, "response"), "ResponseMetadata"), "RequestId")
    return None
