"""Sessions of many steps: the turns of many synthetic sessions, under one id."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import orjson

from tracehub.demo.generate import generate

UNTIL = datetime(2026, 11, 20, tzinfo=UTC)
SEED = 11


def long_session(session_id: str, steps: int, *, least: int = 0) -> Iterator[bytes]:
    """The calls, one a line, of one session of about `steps` steps: those calls that have at least `least`."""
    written = 0
    for exchange in generate(seed=SEED + steps, sessions=100_000, until=UNTIL):
        if (counted := steps_of(exchange)) < least:
            continue
        written += counted
        yield orjson.dumps(_moved(exchange, session_id)) + b"\n"
        if written >= steps:
            return


def steps_of(exchange: dict[str, object]) -> int:
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
