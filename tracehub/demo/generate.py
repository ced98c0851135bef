"""Plays the sessions and writes them down."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, BinaryIO

import orjson

from tracehub.demo import claims, orders, others, people, rare, travel
from tracehub.demo.call import Call, uuid_of
from tracehub.demo.clock import microseconds_of

Scenario = Callable[[Random, str, int, str, int], Call | list[Call]]
# Each with how often it is played and with how many turns at the most.
SCENARIOS: tuple[tuple[Scenario, int, int], ...] = (
    (orders.play, 34, 8),
    (people.play, 18, 5),
    (travel.play, 14, 4),
    (travel.route, 6, 3),
    (others.analyse, 8, 3),
    (others.inline, 6, 3),
    (claims.play, 8, 3),
    (others.custom, 3, 2),
    (rare.broken, 2, rare.ENDINGS),
    (rare.references, 1, 1),
    (rare.overrides, 1, 1),
    (rare.guarded, 1, 1),
    (rare.stumbles, 1, 1),
    (rare.collaborator_returns_control, 1, 1),
)
# A new version goes live after this share of the time.
DEPLOYED = 0.6
# So many sessions go through all scenarios, that even a small set shows everything.
FIRST = 20
MOST_TURNS = 8


def generate(*, seed: int, sessions: int, until: datetime, days: int = 5) -> Iterator[dict[str, Any]]:
    """Exchanges, one per InvokeAgent call, session by session in the order they began over `days` days before `until`.

    The same arguments give the same exchanges. The first FIRST sessions hold every member of the API's response stream.
    """
    start = until - timedelta(days=days)
    spread = (until - start) / sessions
    for number in range(sessions):
        chance = Random(seed * 1_000_003 + number)
        began = microseconds_of(start + spread * (number + chance.random() * 0.9))
        version = "12" if number >= sessions * DEPLOYED else "11"
        for call in _session(chance, number, began, version):
            yield call.exchange()


def write(exchanges: Iterator[dict[str, Any]], out: BinaryIO) -> int:
    """Writes exchanges as JSON lines; how many."""
    count = 0
    for exchange in exchanges:
        out.write(orjson.dumps(exchange, option=orjson.OPT_APPEND_NEWLINE))
        count += 1
    return count


def _session(chance: Random, number: int, began: int, version: str) -> Iterator[Call]:
    scenario, _, most = SCENARIOS[number % len(SCENARIOS)] if number < FIRST else _drawn(chance)
    session_id = uuid_of(chance)
    everything = number < FIRST and scenario is rare.broken
    turns = most if everything else chance.randint(1, min(most, MOST_TURNS))
    first = 0 if everything else chance.randrange(rare.ENDINGS)
    now = began
    for turn in range(first, first + turns):
        played = scenario(chance, session_id, now, version, turn)
        for call in played if isinstance(played, list) else [played]:
            yield call
            now = call.now + chance.randint(4, 240) * 1_000_000


def _drawn(chance: Random) -> tuple[Scenario, int, int]:
    return chance.choices(SCENARIOS, [weight for _, weight, _ in SCENARIOS])[0]
