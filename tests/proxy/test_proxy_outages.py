"""Without its database and without room the proxy passes calls on; what it kept is stored later, and losses counted."""

import resource
import signal
import socket
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import make_url

from tests.aws.fault_proxy import FaultProxy, planned, stop
from tests.collecting import until
from tests.proxy.calling import (
    FRAMES,
    RECORDING,
    Prepared,
    Seen,
    assert_consistent,
    hex_of,
    invoke,
    prepared,
    running,
    until_stored,
)
from tests.proxying import free_port, said_by, start
from tests.replaying import replaying
from tests.stores import migrated
from tracehub.spool import folders

FAST = ("--match", "any", "--speed", "0")
SLOW = (*FAST, "--fault", "slow=150ms")


def test_calls_pass_while_sqlite_is_not_served(tmp_path: Path) -> None:
    """`serve` is killed; the proxy goes on alone, is started anew, and later all is there."""
    with replaying(RECORDING, options=FAST) as upstream:
        ready = prepared(upstream, tmp_path)
        seen = []
        with running(ready, "proxy"):
            process = start(tmp_path, ready.environment, "serve", "--port", str(free_port()))
            said_by(process, 1)
            seen += _calls(ready, 10)
            process.kill()
            process.communicate()
            seen += _calls(ready, 10)
        hidden = (tmp_path / "tracehub.db").rename(tmp_path / "elsewhere.db")
        with running(ready, "proxy"):
            seen += _calls(ready, 10)
            hidden.rename(tmp_path / "tracehub.db")
            with running(ready, "serve", "--port", str(free_port())):
                _assert_all_stored(ready, seen)


@pytest.mark.postgres
def test_calls_pass_while_postgresql_is_out_of_reach(postgresql_url: str, tmp_path: Path) -> None:
    """Nobody listens there, then somebody who says nothing; the proxy is started anew in both."""
    with migrated(postgresql_url):
        pass
    url = make_url(postgresql_url)
    assert isinstance(url.query["host"], str)
    with (
        FaultProxy(f"{url.query['host']}/.s.PGSQL.5432") as between,
        replaying(RECORDING, options=FAST) as upstream,
    ):
        through = url.set(host="127.0.0.1", port=between.port, query={}).render_as_string(hide_password=False)
        ready = prepared(upstream, tmp_path, database_url=through)
        seen = []
        with running(ready, "proxy"):
            seen += _calls(ready, 5)
            with between.down():
                seen += _calls(ready, 10)
            between.plan = iter(lambda: stop(0), None)
            between.cut()
            seen += _calls(ready, 10)
        with running(ready, "proxy"):
            seen += _calls(ready, 10)
            between.plan = planned()
            between.cut()
            _assert_all_stored(ready._replace(environment={"TRACEHUB_DATABASE_URL": postgresql_url}), seen)


def test_a_full_spool_costs_traces_and_no_call(tmp_path: Path) -> None:
    with replaying(RECORDING, options=FAST) as upstream:
        ready = prepared(upstream, tmp_path, proxy_spool_bytes=str(1024 * 1024))
        with running(ready, "proxy"):
            spool = tmp_path / "tracehub-spool"
            before: list[Seen] = []
            while _metric(ready, "calls_not_kept") == 0:
                before += _calls(ready, 20)
            while_full = _calls(ready, 20)
            assert folders.size_of(spool) <= 1024 * 1024 + 100 * 25
            lost = _metric(ready, "calls_not_kept")
            assert lost >= len(while_full)
            with running(ready, "serve", "--port", str(free_port())):
                until(lambda: _metric(ready, "spool_bytes") < 100_000, "room")
                after = _calls(ready, 20)
                names = {hex_of(each.request_id or "") for each in after}
                calls = until_stored(
                    ready.database_url, lambda calls: names <= _ended(calls) and _ended(calls) == set(calls)
                )
    assert_consistent(calls)
    assert all(calls[name].is_whole for name in names)
    assert sum(call.is_whole for call in calls.values()) == len(before) + len(while_full) + len(after) - lost


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_disk_that_takes_nothing_costs_traces_and_no_call(tmp_path: Path, from_the_start: bool) -> None:
    """RLIMIT_FSIZE stands in for the disk."""
    with replaying(RECORDING, options=FAST) as upstream:
        ready = prepared(upstream, tmp_path)
        with running(ready, "proxy") as process:
            before = [] if from_the_start else _calls(ready, 5)
            until(lambda: _metric(ready, "spool_bytes") == folders.size_of(tmp_path / "tracehub-spool"), "the disk")
            _take(process.pid, 0)
            during = [each for _ in range(5) for each in _calls(ready, 4)]
            until(lambda: _metric(ready, "calls_not_kept") == len(during), "every loss to be counted")
            _take(process.pid, resource.RLIM_INFINITY)
            after = _calls(ready, 5)
            with running(ready, "serve", "--port", str(free_port())):
                kept = {hex_of(each.request_id or "") for each in (*before, *after)}
                calls = until_stored(ready.database_url, lambda calls: kept <= _ended(calls))
                assert _metric(ready, "calls_not_kept") == len(during)
    assert_consistent(calls)
    assert {name for name, call in calls.items() if call.is_whole} == kept
    assert len(folders.spools(tmp_path / "tracehub-spool")) <= 1


def test_a_spool_that_is_no_folder_costs_traces_and_no_call(tmp_path: Path) -> None:
    """And is found when it becomes one."""
    with replaying(RECORDING, options=FAST) as upstream:
        (tmp_path / "tracehub-spool").write_text("in the way")
        ready = prepared(upstream, tmp_path)
        with running(ready, "proxy"):
            lost = _calls(ready, 5)
            until(lambda: _metric(ready, "calls_not_kept") == len(lost), "every loss to be counted")
            (tmp_path / "tracehub-spool").unlink()
            kept = _calls(ready, 5)
            with running(ready, "serve", "--port", str(free_port())):
                _assert_all_stored(ready, kept)


def test_told_to_stop_it_lets_streams_end(tmp_path: Path) -> None:
    with replaying(RECORDING, options=SLOW) as upstream:
        ready = prepared(upstream, tmp_path)
        with running(ready, "proxy") as process:
            stream = ready.client().invoke_agent(**_CALL)["completion"]
            events = iter(stream)
            got = [next(events)]
            process.send_signal(signal.SIGTERM)
            until(lambda: not _accepts(ready), "new connections to be refused")
            got += events
            assert len(got) == FRAMES
            assert process.wait(60) == 0
        with running(ready, "serve", "--port", str(free_port())):
            calls = until_stored(ready.database_url, lambda calls: len(_ended(calls)) == 1)
    assert_consistent(calls)


def test_without_grace_it_cuts_them_and_says_so(tmp_path: Path) -> None:
    with replaying(RECORDING, options=SLOW) as upstream:
        ready = prepared(upstream, tmp_path, proxy_grace_seconds="0")
        with running(ready, "proxy") as process:
            stream = ready.client().invoke_agent(**_CALL)["completion"]
            events = iter(stream)
            next(events)
            process.send_signal(signal.SIGTERM)
            with pytest.raises(Exception, match=r"prematurely|broken|reset"):
                list(events)
            assert process.wait(60) == 0
        with running(ready, "serve", "--port", str(free_port())):
            calls = until_stored(ready.database_url, lambda calls: len(_ended(calls)) == 1)
    (call,) = calls.values()
    assert call.frames
    assert (call.ends[0]["end"], call.ends[0]["error"]) == ("failed", "the proxy was stopped in the middle of the call")


_CALL = {"agentId": "AGENT", "agentAliasId": "ALIAS", "sessionId": "session", "inputText": "hi", "enableTrace": True}


def _calls(ready: Prepared, count: int) -> list[Seen]:
    """So many calls, which are all whole."""
    client = ready.client()
    seen = [invoke(client) for _ in range(count)]
    assert [(each.failure, len(each.events)) for each in seen] == [(None, FRAMES)] * count
    return seen


def _assert_all_stored(ready: Prepared, seen: list[Seen]) -> None:
    names = {hex_of(each.request_id or "") for each in seen}
    calls = until_stored(ready.database_url, lambda calls: names == _ended(calls))
    assert_consistent(calls)
    assert all(call.is_whole for call in calls.values())


def _ended(calls: object) -> set[str]:
    return {name for name, call in calls.items() if call.ends}  # type: ignore[attr-defined]


def _metric(ready: Prepared, name: str) -> int:
    text = httpx.get(f"{ready.address}/__tracehub/metrics").text
    found = (line.split(" ")[1] for line in text.splitlines() if line.startswith(f"tracehub_proxy_{name}"))
    return sum(int(float(each)) for each in found)


def _take(pid: int, most: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def _accepts(ready: Prepared) -> bool:
    parts = urlsplit(ready.address)
    with closing(socket.socket()) as probe:
        return probe.connect_ex((parts.hostname, parts.port)) == 0
