"""Chooses the recording that answers a call."""

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

import msgspec

from tracehub.replay.recording import Recording

Match = Literal["session", "input", "any"]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks. `agent_id` is None for an inline agent; `answers` is the invocationId of the returned control
    whose result it brings."""

    agent_id: str | None
    alias_id: str | None
    session_id: str
    input_text: str | None
    answers: str | None
    memory_id: str | None
    wants_trace: bool


class Matching(Protocol):
    """Each call takes the next recording that fits it, so the same calls in the same order get the same answers."""

    def answer(self, call: Call) -> Recording | str:
        """The recording, or why there is none."""


def matching(match: Match, recordings: Sequence[Recording]) -> Matching:
    """The way to choose that has this name."""
    match match:
        case "session":
            return BySession(recordings)
        case "input":
            return ByInput(recordings)
        case "any":
            return InOrder(recordings)


class BySession:
    """The n-th call with a session's id gets the session's n-th turn; after the last there is none."""

    def __init__(self, recordings: Iterable[Recording]) -> None:
        self._turns: dict[str, list[Recording]] = {}
        for recording in recordings:
            self._turns.setdefault(recording.session_id, []).append(recording)
        for turns in self._turns.values():
            # Files may hold a session's turns in any order.
            if all(turn.began_at is not None for turn in turns):
                turns.sort(key=lambda turn: turn.began_at or 0)
        self._asked: dict[str, int] = {}

    def answer(self, call: Call) -> Recording | str:
        turns = self._turns.get(call.session_id)
        if turns is None:
            return f"no session {call.session_id} was recorded"
        asked = self._asked.get(call.session_id, 0)
        if asked >= len(turns):
            return f"all recorded turns of session {call.session_id} were replayed: there are {len(turns)}"
        self._asked[call.session_id] = asked + 1
        return turns[asked]


class ByInput:
    """The recordings of the same agent and the same text in turn, over and over. A call that brings the result of
    returned control has no text: it gets the recording that brought the same control's."""

    def __init__(self, recordings: Iterable[Recording]) -> None:
        self._rounds: dict[tuple[str | None, str | None, str | None], _Round] = {}
        for recording in recordings:
            self._round(recording.agent_id, recording.input_text, recording.answers).add(recording)

    def answer(self, call: Call) -> Recording | str:
        for agent_id in dict.fromkeys((call.agent_id, None)):
            found = self._rounds.get(_key(agent_id, call.input_text, call.answers))
            if found is not None:
                return found.next()
        what = "this result of returned control" if call.answers else "this input"
        return f"no call of {f'agent {call.agent_id}' if call.agent_id else 'an inline agent'} with {what} was recorded"

    def _round(self, agent_id: str | None, input_text: str | None, answers: str | None) -> "_Round":
        return self._rounds.setdefault(_key(agent_id, input_text, answers), _Round())


class InOrder:
    """Whatever is asked, the recordings in their order, over and over."""

    def __init__(self, recordings: Iterable[Recording]) -> None:
        self._all = _Round()
        for recording in recordings:
            self._all.add(recording)

    def answer(self, call: Call) -> Recording | str:
        del call
        return self._all.next()


class _Round:
    def __init__(self) -> None:
        self._recordings: list[Recording] = []
        self._given = 0

    def add(self, recording: Recording) -> None:
        self._recordings.append(recording)

    def next(self) -> Recording:
        recording = self._recordings[self._given % len(self._recordings)]
        self._given += 1
        return recording


def _key(
    agent_id: str | None, input_text: str | None, answers: str | None
) -> tuple[str | None, str | None, str | None]:
    return (agent_id, None, answers) if answers else (agent_id, (input_text or "").strip(), None)
