"""A proxy that is killed anywhere breaks the calls under way, and neither loses nor doubles what it had kept."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.collecting import until
from tests.proxy.calling import (
    FRAMES,
    RECORDING,
    Prepared,
    Seen,
    assert_consistent,
    called_meanwhile,
    hex_of,
    prepared,
    running,
    until_stored,
)
from tests.proxying import free_port, proxying, said_by, start
from tests.replaying import replaying
from tests.stores import migrated
from tests.torture import KILLS
from tracehub.spool import folders
from tracehub.spool.entries import Kind, read

SLOW = ("--match", "any", "--speed", "0", "--fault", "slow=15ms")
CALLERS = 6


@pytest.mark.parametrize("seed", [1, 2])
def test_kill_9_of_the_proxy_keeps_what_lay_in_the_spool(tmp_path: Path, seed: int) -> None:
    """Nobody reads the spool meanwhile, so it tells what has to be stored in the end."""
    with replaying(RECORDING, options=SLOW) as upstream:
        ready = prepared(upstream, tmp_path)
        with called_meanwhile(ready, CALLERS) as seen:
            _kill_proxies(ready, random.Random(seed), "proxy")
        _assert_as_upstream_sent(seen)
        assert any(each.failure and each.events for each in seen), "no call was hit in mid-stream"
        opened, complete = _spooled(tmp_path / "tracehub-spool")
        assert complete
        with running(ready, "serve", "--port", str(free_port())):
            calls = until_stored(ready.database_url, lambda calls: len(calls) == opened and _all_ended(calls))
    assert_consistent(calls)
    assert sum(call.is_whole for call in calls.values()) == complete


@pytest.mark.postgres
@pytest.mark.parametrize("seed", [3, 4])
def test_kill_9_of_the_proxy_while_its_spool_is_read(postgresql_url: str, tmp_path: Path, seed: int) -> None:
    """The process that stores ends with the proxy, and the next one's begins."""
    with migrated(postgresql_url):
        pass
    with replaying(RECORDING, options=SLOW) as upstream:
        ready = prepared(upstream, tmp_path, database_url=postgresql_url)
        with called_meanwhile(ready, CALLERS) as seen:
            _kill_proxies(ready, random.Random(seed), "proxy")
        _assert_as_upstream_sent(seen)
        with running(ready, "proxy"):
            calls = until_stored(postgresql_url, lambda calls: _all_ended(calls) and _is_read_up(tmp_path, 1))
    assert_consistent(calls)
    known = {hex_of(each.request_id) for each in seen if each.request_id}
    assert {name for name, call in calls.items() if call.frames} <= known


def test_kill_9_of_who_stores_loses_no_call_and_doubles_none(database_url: str, tmp_path: Path) -> None:
    """On SQLite that is `serve`, on PostgreSQL the process beside the proxy."""
    is_sqlite = database_url.startswith("sqlite")
    if not is_sqlite:
        with migrated(database_url):
            pass
    chance = random.Random(5)
    words = ("serve", "--port", str(free_port())) if is_sqlite else ("proxy-drain",)
    with replaying(RECORDING, options=SLOW) as upstream:
        ready = prepared(upstream, tmp_path, database_url=database_url)
        with running(ready, "proxy", "--with-parent"):
            with called_meanwhile(ready, CALLERS) as seen:
                for _ in range(6):
                    process = start(tmp_path, ready.environment, *words, standing=True)
                    with pytest.raises(subprocess.TimeoutExpired):
                        process.wait(timeout=chance.uniform(0.7, 2.2))
                    process.kill()
                    process.communicate()
            with running(ready, *words, silent=not is_sqlite):
                calls = until_stored(database_url, lambda calls: len(calls) == len(seen) and _all_ended(calls))
    assert_consistent(calls)
    assert all(each.failure is None and len(each.events) == FRAMES for each in seen)
    assert {hex_of(each.request_id or "") for each in seen} == set(calls)
    assert all(call.is_whole for call in calls.values())


def test_the_parent_starts_a_killed_proxy_again(tmp_path: Path) -> None:
    with (
        replaying(RECORDING, options=SLOW) as upstream,
        proxying(upstream, tmp_path, proxy_port=str(free_port())) as run,
    ):
        ready = Prepared(run.address, run.folder, run.environment, run.key_id, run.secret)
        with called_meanwhile(ready, CALLERS) as seen:
            for _ in range(2):
                _until_calls_pass(seen)
                # Half of the next calls: all callers may have ended one at the same moment.
                time.sleep(FRAMES * 0.015 / 2)
                (child,) = _children(run.process.pid)
                os.kill(child, signal.SIGKILL)
            _until_calls_pass(seen)
        _assert_as_upstream_sent(seen)
        calls = until_stored(ready.database_url, lambda calls: _all_ended(calls) and _is_read_up(tmp_path, 1))
    assert_consistent(calls)
    assert any(call.is_whole for call in calls.values())


def _kill_proxies(ready: Prepared, chance: random.Random, *words: str) -> None:
    for _ in range(KILLS):
        process = start(ready.folder, ready.environment, *words)
        said_by(process, 1)
        time.sleep(chance.uniform(0.05, 0.6))
        process.kill()
        process.communicate()


def _until_calls_pass(seen: list[Seen]) -> None:
    before = len(seen)
    until(lambda: any(each.failure is None for each in seen[before:]), "calls to pass")


def _assert_as_upstream_sent(seen: list[Seen]) -> None:
    """Callers got whole answers, or the beginning of one and then an error."""
    whole = next(each.events for each in seen if each.failure is None)
    assert len(whole) == FRAMES
    for each in seen:
        assert each.events == whole[: len(each.events)]
        assert (each.failure is None) == (len(each.events) == FRAMES) or each.failure


def _spooled(root: Path) -> tuple[int, int]:
    """How many calls the spool tells the beginning of, and how many it has whole."""
    opened = complete = 0
    for folder in folders.spools(root):
        for file in folders.segments(folder):
            entries = read(file, 0, 1 << 40).entries
            opened += sum(entry.kind == Kind.OPENED for entry in entries)
            complete += sum(entry.kind == Kind.CLOSED and b'"complete"' in entry.data for entry in entries)
    return opened, complete


def _is_read_up(folder: Path, writers: int) -> bool:
    """Whether nothing is left of proxies that are gone."""
    return len(folders.spools(folder / "tracehub-spool")) <= writers


def _all_ended(calls: Mapping[str, object]) -> bool:
    return all(call.ends for call in calls.values())  # type: ignore[attr-defined]


def _children(pid: int) -> list[int]:
    return [
        int(each) for task in Path(f"/proc/{pid}/task").iterdir() for each in (task / "children").read_text().split()
    ]
