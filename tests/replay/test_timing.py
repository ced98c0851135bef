"""When frames are sent, by a clock that only sleeping moves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from tests.replay.exchanges import exchange
from tracehub.analytics.knowledge import load_knowledge
from tracehub.model.record import Limits
from tracehub.replay.captured import captured
from tracehub.replay.faults import Faults, parse_fault
from tracehub.replay.matching import matching
from tracehub.replay.recording import Recording
from tracehub.replay.server import Pace, Replay
from tracehub.replay.timing import GAP, LONGEST, offsets

SECOND = 1_000_000
KNOWLEDGE = load_knowledge(None, None)


class Time:
    """Stands still but while someone sleeps; `busy` seconds pass with every look."""

    def __init__(self, busy: float = 0) -> None:
        self.now = 100.0
        self._busy = busy

    def clock(self) -> float:
        self.now += self._busy
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def recorded(*lines: bytes) -> list[Recording]:
    return list(captured(iter(lines), "test", Limits(), KNOWLEDGE).recordings)


def sent_at(recordings: list[Recording], speed: float, *faults: str, busy: float = 0) -> list[float]:
    """How many seconds after the call each frame was sent; the last one is the end of the response."""
    time = Time(busy)
    began = time.now
    sent: list[float] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": orjson.dumps({"inputText": "hello", "enableTrace": True})}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            sent.append(round(time.now - began, 6))

    app = Replay(matching("any", recordings), Faults([parse_fault(each) for each in faults]), _pace(time, speed))
    path = b"/agents/A/agentAliases/B/sessions/s/text"
    asyncio.run(app({"type": "http", "method": "POST", "raw_path": path, "headers": []}, receive, send))
    return sent


def _pace(time: Time, speed: float) -> Pace:
    sleep: Callable[[float], Awaitable[None]] = time.sleep
    return Pace(speed, time.clock, sleep)


def test_traces_keep_the_distances_of_their_event_times_and_chunks_follow_at_once() -> None:
    """The steps of the exchange are a second apart; when the call was sent is not known, nor when its chunks came."""
    assert sent_at(recorded(exchange(1, steps=3)), 1) == [0.02, 1.02, 2.02, 2.04, 2.06, 2.06]


@pytest.mark.parametrize(("speed", "expected"), [(10, [0.002, 0.102, 0.104, 0.106, 0.106]), (0, [0.0] * 5)])
def test_time_may_be_compressed(speed: float, expected: list[float]) -> None:
    assert sent_at(recorded(exchange(1)), speed) == expected


def test_what_the_server_takes_itself_does_not_add_up() -> None:
    """Frames are due by the call's beginning: a late one shortens the next wait."""
    assert sent_at(recorded(exchange(1, steps=3)), 1, busy=0.001)[-1] == pytest.approx(2.06, abs=0.003)


@pytest.mark.parametrize(("speed", "expected"), [(0, [0.2, 0.4, 0.6, 0.8, 0.8]), (1, [0.22, 1.42, 1.64, 1.86, 1.86])])
def test_slow_frames_wait_each(speed: float, expected: list[float]) -> None:
    assert sent_at(recorded(exchange(1)), speed, "slow=200ms") == expected


def test_what_the_recorder_noted_is_kept_also_for_chunks_and_the_first_wait() -> None:
    head = b'{"tracehub":1,"requestId":"11111111-2222-4333-8444-555555555555","index":%d,"at":"2026-11-23T08:00:%sZ",'
    lines = (
        head % (0, b"00.000000") + b'"request":{"agentId":"A","inputText":"hello","sessionId":"s"}}\n',
        head % (1, b"01.500000") + b'"event":{"chunk":{"bytes":"aGVsbG8g"}}}\n',
        head % (2, b"01.750000") + b'"event":{"chunk":{"bytes":"d29ybGQgYWdhaW4="}}}\n',
        head % (3, b"09.000000") + b'"response":{"end":"complete"}}\n',
    )
    assert sent_at(recorded(*lines), 1) == [1.5, 1.75, 1.75]


@pytest.mark.parametrize(
    ("times", "began_at", "expected"),
    [
        ([None, None, None], None, [GAP, 2 * GAP, 3 * GAP]),
        ([5, 5 + SECOND, 5 + SECOND], None, [GAP, GAP + SECOND, GAP + SECOND]),
        ([7 * SECOND, None, 8 * SECOND], 5 * SECOND, [2 * SECOND, 2 * SECOND + GAP, 3 * SECOND]),
        # A chunk's guessed place may lie behind the next known time.
        ([SECOND, None, SECOND + 1], None, [GAP, 2 * GAP, 2 * GAP]),
        ([9 * SECOND, 3 * SECOND, 10 * SECOND], None, [GAP, GAP, GAP + SECOND]),
        ([0, LONGEST, 2 * LONGEST + 1, 2 * LONGEST + 2], None, [GAP, GAP + LONGEST, 2 * GAP + LONGEST, None]),
        ([3 * SECOND], 5 * SECOND, [0]),
    ],
)
def test_offsets_never_decrease_and_no_wait_is_invented(
    times: list[int | None], began_at: int | None, expected: list[int | None]
) -> None:
    found = list(offsets(times, began_at))
    assert found == [2 * GAP + LONGEST + 1 if each is None else each for each in expected]
