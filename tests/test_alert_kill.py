"""Who decides and tells is killed anywhere: everybody hears of every alert, that it fires and that it is over."""

import random
import subprocess
import sys
import time

import msgspec

from tests.alerting.receiver import Answer, receiving
from tests.stores import migrated
from tests.torture import KILLS
from tracehub.model.channel import WebhookChannel
from tracehub.store import alert_channels

EPISODES = 30 + 5 * KILLS


def test_kill_9_between_decision_and_delivery_is_never_silent(database_url: str) -> None:
    chance = random.Random(7)
    with receiving() as receiver:
        channel = WebhookChannel(name="hook", url=receiver.url, group_wait=0, group_interval=0)
        with migrated(database_url) as database, database.writing() as connection:
            alert_channels.declare(connection, channel, declared_in="file", now=0)
        receiver.answers.extend([Answer(500), Answer(0), Answer(503), Answer(200, seconds=0.3)] * 3)
        began = time.time_ns() // 1000
        for _ in range(KILLS):
            heard = len(receiver.requests)
            process = _start(database_url, began)
            deadline = time.monotonic() + 60
            while len(receiver.requests) == heard and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.2))
            process.kill()
            process.wait()
        assert _start(database_url, began).wait(timeout=240) == 0
    told = [(request.headers["idempotency-key"], *_read(request.body)) for request in receiver.taken()]
    distinct = list(dict.fromkeys(told))
    for number in range(1, EPISODES + 1):
        assert [status for _, alert, status in distinct if alert == f"alert-{number}"] == ["firing", "resolved"]
    assert len(distinct) == 2 * EPISODES
    assert len(told) - len(distinct) <= KILLS


def _read(body: bytes) -> tuple[str, str]:
    """Which alert a message is about, and what it says of it."""
    told = msgspec.json.decode(body)
    return told["group_labels"]["alertname"], told["status"]


def _start(url: str, began: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.alerting.deciding", url, str(EPISODES), str(began)], stdout=subprocess.DEVNULL
    )
