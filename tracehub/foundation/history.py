"""Reads the prompts of one trace, of which each repeats what the one before said."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from tracehub.foundation.message_parts import Message
from tracehub.foundation.prompts import instructions, messages, settings, turn

T = TypeVar("T")
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TURNS = msgspec.json.Decoder(list[msgspec.Raw])
_decode = msgspec.json.Decoder().decode


class History(Generic[T]):
    """What `tell` makes of the messages of prompts, each read and told once however often it is repeated.

    Keeps their JSON, so it should live no longer than a trace is worked on.
    """

    def __init__(self, tell: Callable[[Message], T]) -> None:
        self._tell = tell
        self._told: dict[tuple[str, bytes], T | None] = {}

    def of(self, prompt: str) -> list[T]:
        """What `tell` makes of each message of the prompt, in the order of `prompts.messages`."""
        try:
            return self._of_json(prompt)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return [self._tell(message) for message in messages(prompt)]

    def _of_json(self, prompt: str) -> list[T]:
        members = _MEMBERS.decode(prompt)
        turns = _TURNS.decode(members.pop("messages", b"null"))
        told = [self._once("system", bytes(members.pop("system", b"null")), instructions)]
        if members and (others := settings({name: _decode(value) for name, value in members.items()})):
            told.append(self._tell(others))
        told += [self._once("turn", bytes(each), turn) for each in turns]
        return [each for each in told if each is not None]

    def _once(self, what: str, raw: bytes, read: Callable[[object], Message | None]) -> T | None:
        if (what, raw) not in self._told:
            message = read(_decode(raw))
            self._told[what, raw] = None if message is None else self._tell(message)
        return self._told[what, raw]
