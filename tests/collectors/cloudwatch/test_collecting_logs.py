"""Log groups are collected over real HTTP into a real database, whatever CloudWatch does meanwhile."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.logs_server import ALL_FAULTS, LogsServer, seeded
from tests.collecting import collecting_from, imported, settled, until
from tests.stores import content
from tests.traffic import demo_lines
from tracehub.app import App
from tracehub.model.source import CloudWatchSource
from tracehub.model.source_rows import SourceRow
from tracehub.store import quarantine, sources

GROUP = "/aws/lambda/agent"
LINES = demo_lines(12).decode().splitlines()


@pytest.fixture
def server() -> Iterator[LogsServer]:
    with LogsServer() as running:
        yield running


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `tracehub import` of the lines stores."""
    return imported(f"sqlite:///{tmp_path_factory.mktemp('whole') / 'whole.db'}", demo_lines(12))


def test_what_lies_in_a_group_is_collected_once(server: LogsServer, database_url: str, whole: dict[str, Any]) -> None:
    now = _now()
    for number, line in enumerate(LINES):
        server.put(GROUP, f"stream {number % 3}", line, timestamp_ms=now - 600_000 + number)
    with collecting_from(database_url, _source(server)) as app:
        until(lambda: settled(app, whole), "all lines to be collected")
        until(lambda: _one(app).shards[0].state == "following", "the source to follow")
        row = _one(app)
    assert row.counts.events == row.counts.records
    assert (row.counts.duplicates, row.counts.quarantined) == (0, 0)
    assert row.newest_at == (now - 600_000 + len(LINES) - 1) * 1000
    assert row.shards[0].error is None


def test_what_is_written_later_and_what_comes_late_is_found(
    server: LogsServer, database_url: str, whole: dict[str, Any]
) -> None:
    chance = random.Random(1)
    with collecting_from(database_url, _source(server)) as app:
        for line in LINES:
            late = chance.random() < 0.2
            at = _now() - (chance.randrange(20_000) if late else 0)
            server.put(
                GROUP, f"stream {chance.randrange(4)}", line, timestamp_ms=at, visible_after_calls=chance.randrange(3)
            )
            time.sleep(0.005)
        until(lambda: settled(app, whole), "late events to be collected")
        assert _one(app).counts.duplicates == 0


def test_empty_pages_throttling_failures_and_resets_lose_nothing(
    server: LogsServer, database_url: str, whole: dict[str, Any]
) -> None:
    server.max_page_events = 7
    server.empty_pages = 0.3
    server.faults = seeded(3, 0.25, ALL_FAULTS)
    server.faulty_operations = frozenset({"FilterLogEvents"})
    now = _now()
    for number, line in enumerate(LINES):
        server.put(GROUP, f"stream {number % 2}", line, timestamp_ms=now - 60_000 + number)
    with collecting_from(database_url, _source(server)) as app:
        until(lambda: settled(app, whole), "all lines to be collected in spite of faults")
        assert _one(app).counts.duplicates == 0
    assert server.struck


def test_a_page_token_that_expires_makes_the_sweep_begin_anew(
    server: LogsServer, sqlite_url: str, whole: dict[str, Any]
) -> None:
    server.max_page_events = 3
    now = _now()
    for number, line in enumerate(LINES):
        server.put(GROUP, "stream", line, timestamp_ms=now - 60_000 + number)
    with collecting_from(sqlite_url, _source(server)) as app:
        until(lambda: len(server.calls_of("FilterLogEvents")) > 2, "some pages to be read")
        server.expire_tokens()
        until(lambda: settled(app, whole), "all lines to be collected")


@pytest.mark.parametrize("cut", [16_384, 256_000])
def test_events_that_a_logger_cut_are_put_together(
    server: LogsServer, sqlite_url: str, tmp_path: Path, cut: int
) -> None:
    lines = [line for line in demo_lines(40).decode().splitlines() if len(line) > 16_384]
    lines = [f"[{','.join(lines)}]", *lines]
    assert len(lines[0]) > cut
    now = _now()
    for number, line in enumerate(lines):
        for start in range(0, len(line), cut):
            server.put(GROUP, "stream", line[start : start + cut], timestamp_ms=now - 60_000 + number)
    expected = imported(f"sqlite:///{tmp_path / 'whole.db'}", "\n".join(lines).encode())
    with collecting_from(sqlite_url, _source(server)) as app:
        until(lambda: settled(app, expected), "cut events to be joined")


def test_a_trace_cut_for_good_ends_in_quarantine(server: LogsServer, database_url: str) -> None:
    server.put(GROUP, "stream", LINES[0][:5000] + "[Truncated...]", timestamp_ms=_now() - 5000)
    with collecting_from(database_url, _source(server)) as app:
        until(lambda: _one(app).counts.quarantined + len(_quarantined(app)) > 0, "the piece to be set aside")
        assert "without end" in _quarantined(app)[0] or "cut off" in _quarantined(app)[0]


def test_a_call_logged_over_several_polls_stays_one_call(server: LogsServer, database_url: str, tmp_path: Path) -> None:
    """The chunk names no call: it belongs to the one before it, though another process may read it."""
    messages = json.loads(LINES[0])["completion"]
    assert "chunk" in messages[-1]
    text = "\n".join(json.dumps(message, indent=1) for message in messages).splitlines()
    expected = imported(f"sqlite:///{tmp_path / 'whole.db'}", "\n".join(text).encode())
    assert [row["outcome"] for row in expected["traces"]] == ["ok"]
    pieces = 4
    for piece in range(pieces):
        for line in text[piece * len(text) // pieces : (piece + 1) * len(text) // pieces]:
            server.put(GROUP, "stream", line, timestamp_ms=_now())
        with collecting_from(database_url, _source(server), log_settle_seconds=600) as app:
            until(lambda: _one(app).shards != () and _one(app).shards[0].state == "following", "a sweep")
            _two_more_sweeps(server)
    with collecting_from(database_url, _source(server)) as app:
        until(lambda: settled(app, expected), "the whole call")


def test_a_role_is_assumed_and_expired_credentials_are_renewed(
    server: LogsServer, sqlite_url: str, whole: dict[str, Any]
) -> None:
    server.external_id = "tracehub-external"
    server.assumed_roles_only = True
    half = len(LINES) // 2
    now = _now()
    for number, line in enumerate(LINES[:half]):
        server.put(GROUP, "stream", line, timestamp_ms=now - 60_000 + number)
    role = "arn:aws:iam::123456789012:role/tracehub"
    source = _source(server, role_arn=role, external_id="tracehub-external")
    with collecting_from(sqlite_url, source) as app:
        until(lambda: _one(app).counts.records > 0, "the first half")
        server.expire_credentials()
        for number, line in enumerate(LINES[half:]):
            server.put(GROUP, "stream", line, timestamp_ms=_now() + number)
        until(lambda: _one(app).shards[0].error is not None, "the expiry to be told")
        assert "ExpiredToken" in str(_one(app).shards[0].error)
    with collecting_from(sqlite_url, source) as app:
        until(lambda: settled(app, whole), "the second half under new credentials")


def test_a_missing_permission_is_named(server: LogsServer, sqlite_url: str) -> None:
    server.create_group(GROUP)
    server.deny("logs:FilterLogEvents")
    with collecting_from(sqlite_url, _source(server)) as app:
        until(lambda: _state(app) == "failing", "the refusal to be told")
        assert "(missing permission: logs:FilterLogEvents)" in str(_one(app).shards[0].error)


def test_a_group_that_disappears_is_told_and_the_others_go_on(
    server: LogsServer, sqlite_url: str, whole: dict[str, Any]
) -> None:
    now = _now()
    for number, line in enumerate(LINES):
        server.put(GROUP, "stream", line, timestamp_ms=now - 60_000 + number)
    with collecting_from(sqlite_url, _source(server, log_groups=("/gone", GROUP))) as app:
        until(lambda: settled(app, whole), "the group that is there")
        until(lambda: {shard.state for shard in _one(app).shards} == {"failing", "following"}, "both states")
        gone = next(shard for shard in _one(app).shards if shard.shard == "/gone")
        assert "ResourceNotFoundException" in str(gone.error)


def test_collecting_again_from_a_time_doubles_nothing(
    server: LogsServer, database_url: str, whole: dict[str, Any]
) -> None:
    now = _now()
    for number, line in enumerate(LINES):
        server.put(GROUP, "stream", line, timestamp_ms=now - 7_200_000 + number)
    with collecting_from(database_url, _source(server, since="3h")) as app:
        until(lambda: settled(app, whole), "all lines")
        before = _one(app).counts
        with app.database.writing() as connection:
            sources.collect_again(connection, "prod", (now - 10_800_000) * 1000)
        until(lambda: _one(app).counts.duplicates == before.events, "all of it to be read again")
        assert settled(app, whole)
        assert _one(app).counts.events == before.events


def test_a_paused_source_is_not_read(server: LogsServer, sqlite_url: str) -> None:
    server.create_group(GROUP)
    with collecting_from(sqlite_url, _source(server)) as app:
        until(lambda: _state(app) == "following", "the source to follow")
        with app.database.writing() as connection:
            sources.pause(connection, "prod", True)
        until(lambda: _one(app).shards[0].holder is None, "the reader to stop")
        server.put(GROUP, "stream", LINES[0], timestamp_ms=_now())
        time.sleep(0.5)
        assert content(app.database)["traces"] == []
        with app.database.writing() as connection:
            sources.pause(connection, "prod", False)
        until(lambda: content(app.database)["traces"] != [], "the source to be read again")


def _source(server: LogsServer, **words: Any) -> CloudWatchSource:
    given = {"log_groups": (GROUP,), "poll_seconds": 0.1, "requests_per_second": 50, "region": "eu-central-1"}
    return CloudWatchSource(name="prod", endpoint_url=server.address, **{**given, **words})


def _two_more_sweeps(server: LogsServer) -> None:
    seen = len(server.calls_of("FilterLogEvents"))
    until(lambda: len(server.calls_of("FilterLogEvents")) > seen + 1, "two more sweeps")


def _one(app: App) -> SourceRow:
    with app.database.reading() as connection:
        return sources.one(connection, "prod")


def _state(app: App) -> str | None:
    shards = _one(app).shards
    return shards[0].state if shards else None


def _quarantined(app: App) -> list[str]:
    with app.database.reading() as connection:
        return [row.reason for row in quarantine.page(connection, limit=10).rows]


def _now() -> int:
    return time.time_ns() // 1_000_000
