"""Collectors that are killed, stopped or doubled anywhere have neither lost nor doubled anything in the end."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.aws.logs_server import ALL_FAULTS, LogsServer, client_of, seeded
from tests.aws.moto_server import moto
from tests.collecting import Content, imported, settled, until
from tests.stores import migrated
from tests.torture import KILLS
from tests.traffic import demo_lines
from tracehub.app import App, open_app
from tracehub.app.running import collecting
from tracehub.model.source_rows import SourceRow
from tracehub.settings import Settings
from tracehub.store import sources

LINES = demo_lines(80).decode().splitlines()
GROUP = "/aws/lambda/agent"
# As long as a process needs to start, and to read a part of what lies there.
SHORTEST, LONGEST = 1.0, 2.6


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """What importing all of it stores."""
    return imported(f"sqlite:///{tmp_path_factory.mktemp('whole') / 'whole.db'}", demo_lines(80))


def test_kill_9_while_reading_log_groups(database_url: str, tmp_path: Path, whole: Content) -> None:
    """Under faults and with late events; on PostgreSQL a second collector works beside the one that is killed."""
    chance = random.Random(7)
    with LogsServer(max_page_events=5, empty_pages=0.2) as server:
        server.faults = seeded(5, 0.1, ALL_FAULTS)
        server.faulty_operations = frozenset({"FilterLogEvents"})
        config = _config(
            tmp_path,
            f"""
            [[sources]]
            kind = "cloudwatch"
            name = "logs"
            log_groups = ["{GROUP}"]
            endpoint_url = "{server.address}"
            region = "eu-central-1"
            poll_seconds = 0.1
            requests_per_second = 50
            """,
        )

        def write(line: str) -> None:
            late = chance.randrange(3) if chance.random() < 0.2 else 0
            at = time.time_ns() // 1_000_000 - late * 5000
            server.put(GROUP, f"stream {chance.randrange(3)}", line, timestamp_ms=at, visible_after_calls=late)

        with _written_meanwhile(write), _second_collector(database_url, config):
            _kill_often(database_url, config, chance)
        row = _finish(database_url, config, "logs", whole)
    assert row.counts.events == _event_count(whole)
    assert row.counts.duplicates == 0


def test_kill_9_while_reading_a_bucket(database_url: str, tmp_path: Path, whole: Content) -> None:
    """By listing and by a queue at once, so every object is found twice; messages are delivered again and again."""
    chance = random.Random(8)
    name = f"kill-{os.getpid()}-{time.time_ns()}"
    with moto() as address, client_of(address, "s3") as s3, client_of(address, "sqs") as sqs:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        s3.put_bucket_notification_configuration(
            Bucket=name,
            NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
        )
        config = _config(
            tmp_path,
            f"""
            [[sources]]
            kind = "s3"
            name = "bucket"
            bucket = "{name}"
            prefix = "traces/"
            queue_url = "{queue}"
            endpoint_url = "{address}"
            region = "eu-central-1"
            list_seconds = 1
            """,
        )
        number = iter(range(len(LINES)))

        def write(line: str) -> None:
            s3.put_object(Bucket=name, Key=f"traces/call {next(number)}.json", Body=line.encode())

        with _written_meanwhile(write), _second_collector(database_url, config):
            _kill_often(database_url, config, chance)
        row = _finish(database_url, config, "bucket", whole)
    assert row.counts.events == _event_count(whole)
    assert row.counts.quarantined == 0


@pytest.mark.postgres
def test_a_holder_that_slept_through_its_lease_writes_nothing_more(
    postgresql_url: str, tmp_path: Path, whole: Content
) -> None:
    with migrated(postgresql_url):
        pass
    with LogsServer(max_page_events=3) as server:
        config = _config(
            tmp_path,
            f"""
            [[sources]]
            kind = "cloudwatch"
            name = "logs"
            log_groups = ["{GROUP}"]
            endpoint_url = "{server.address}"
            region = "eu-central-1"
            poll_seconds = 0.1
            requests_per_second = 20
            """,
        )
        now = time.time_ns() // 1_000_000
        for number, line in enumerate(LINES):
            server.put(GROUP, "stream", line, timestamp_ms=now - 60_000 + number)
        with _collector(postgresql_url, config) as first, open_app(Settings(database_url=postgresql_url)) as app:
            until(lambda: _first_holder(app) is not None, "the first to hold the lease")
            holder = _first_holder(app)
            first.send_signal(signal.SIGSTOP)
            with _collector(postgresql_url, config) as second:
                until(lambda: _first_holder(app) not in (None, holder), "the second to take over")
                first.send_signal(signal.SIGCONT)
                until(lambda: settled(app, whole), "all to be collected")
                assert second.poll() is None
                row = _row(app, "logs")
    assert (row.counts.events, row.counts.duplicates) == (_event_count(whole), 0)


def _kill_often(url: str, config: Path, chance: random.Random) -> None:
    for _ in range(KILLS):
        with _collector(url, config) as process:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=chance.uniform(SHORTEST, LONGEST))
            process.kill()


def _finish(url: str, config: Path, name: str, whole: Content) -> SourceRow:
    """Collects in peace until everything is there."""
    settings = Settings(database_url=url, config_file=config, log_settle_seconds=0.5)
    with open_app(settings) as app, collecting(app):
        until(lambda: settled(app, whole), "everything to be collected")
        return _row(app, name)


@contextmanager
def _collector(url: str, config: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "TRACEHUB_DATABASE_URL": url,
        "TRACEHUB_LOG_LEVEL": "ERROR",
        "TRACEHUB_LEASE_SECONDS": "1",
        "TRACEHUB_LOG_SETTLE_SECONDS": "1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    command = [sys.executable, "-m", "tracehub", "collect", "--config", str(config)]
    with (config.parent / "collect.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def _second_collector(url: str, config: Path) -> Iterator[None]:
    """On PostgreSQL, where any number may work; a SQLite database belongs to one process."""
    if url.startswith("sqlite"):
        yield
        return
    with migrated(url):
        pass
    with _collector(url, config):
        yield


@contextmanager
def _written_meanwhile(write: Callable[[str], None]) -> Iterator[None]:
    """Writes the lines one after the other while the block runs; all of them are written when it ends."""
    hurry = threading.Event()

    def run() -> None:
        for line in LINES:
            write(line)
            hurry.wait(KILLS * (SHORTEST + LONGEST) / 2 / len(LINES))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        hurry.set()
        thread.join()


def _config(folder: Path, text: str) -> Path:
    file = folder / "tracehub.toml"
    file.write_text("\n".join(line.strip() for line in text.splitlines()), encoding="utf-8")
    return file


def _row(app: App, name: str) -> SourceRow:
    with app.database.reading() as connection:
        return sources.one(connection, name)


def _first_holder(app: App) -> str | None:
    with app.database.reading() as connection:
        shards = [shard for row in sources.every(connection) for shard in row.shards]
    return shards[0].holder if shards else None


def _event_count(whole: Content) -> int:
    return sum(int(trace["event_count"]) for trace in whole["traces"])
