"""The synthetic traffic that is measured."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson

from tracehub.demo.generate import generate, write

UNTIL = datetime(2026, 11, 20, tzinfo=UTC)
SEED = 11
PROBE = 200


def write_traffic(file: Path, spans: int) -> int:
    """Writes exchanges with about `spans` spans as JSON lines; how many sessions that took."""
    per_session = sum(_steps(exchange) for exchange in generate(seed=SEED, sessions=PROBE, until=UNTIL)) / PROBE
    sessions = max(1, round(spans / per_session))
    with file.open("wb") as out:
        write(generate(seed=SEED, sessions=sessions, until=UNTIL), out)
    return sessions


def write_long_session(file: Path, session_id: str, steps: int) -> None:
    """Writes one session of about `steps` steps: the turns of many synthetic sessions, under one id."""
    written = 0
    with file.open("wb") as out:
        for exchange in generate(seed=SEED + steps, sessions=100_000, until=UNTIL):
            written += _steps(exchange)
            out.write(orjson.dumps(_moved(exchange, session_id)) + b"\n")
            if written >= steps:
                return


def bodies(file: Path, size: int) -> Iterator[bytes]:
    """The lines of `file` in bodies of about `size` bytes."""
    held: list[bytes] = []
    length = 0
    with file.open("rb") as lines:
        for line in lines:
            held.append(line)
            length += len(line)
            if length >= size:
                yield b"".join(held)
                held, length = [], 0
    if held:
        yield b"".join(held)


def _steps(exchange: dict[str, object]) -> int:
    """Model calls, tool calls, lookups and guardrails: what becomes a span below the agent."""
    events = cast("list[dict[str, Any]]", exchange["completion"])
    return sum(
        1
        for event in events
        for union in event.get("trace", {}).get("trace", {}).values()
        if "modelInvocationInput" in union or "invocationInput" in union or "action" in union
    )


def _moved(exchange: dict[str, object], session_id: str) -> dict[str, object]:
    old = exchange["sessionId"]
    moved = cast("dict[str, Any]", orjson.loads(orjson.dumps(exchange)))
    moved["sessionId"] = moved["request"]["sessionId"] = session_id
    for event in moved["completion"]:
        if event.get("trace", {}).get("sessionId") == old:
            event["trace"]["sessionId"] = session_id
    return moved
