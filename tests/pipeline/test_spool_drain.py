"""What lies in spools is stored once, whatever dies in between, and goes when it is stored."""

import base64
import itertools
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.stores import content
from tracehub.app import App, clock, open_app
from tracehub.bedrock.captured_call import Answered, Closed, Opened
from tracehub.bedrock.eventstream import encode_frame
from tracehub.errors import StoreUnavailableError
from tracehub.pipeline.proxied import NAME, ProxiedIntake
from tracehub.pipeline.spool_drain import Found, SpoolDrain
from tracehub.settings import Settings
from tracehub.spool import folders
from tracehub.spool.entries import Kind
from tracehub.spool.writer import SpoolWriter
from tracehub.store import sources

MIB = 1024 * 1024
CHUNKS = 40
_numbers = itertools.count(1)


@pytest.fixture
def app(sqlite_url: str) -> Iterator[App]:
    with open_app(Settings(database_url=sqlite_url)) as opened:
        yield opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def _drain(app: App, root: Path) -> SpoolDrain:
    return SpoolDrain(root, ProxiedIntake(app.ingest, clock).take, app.limits)


def _call(writer: SpoolWriter, *, end: bool = True) -> str:
    """A call of an agent that answers with CHUNKS chunks; its request id."""
    number = next(_numbers)
    request_id = f"00000000-0000-4000-8000-{number:012}"
    opened = Opened(call_id=f"11111111-0000-4000-8000-{number:012}", request={"agentId": "A", "sessionId": str(number)})
    headers = [("content-type", "application/vnd.amazon.eventstream"), ("x-amzn-requestid", request_id)]
    writer.add(number, Kind.OPENED, 1, msgspec.json.encode(opened))
    writer.add(number, Kind.ANSWERED, 2, msgspec.json.encode(Answered(status=200, headers=headers)))
    for each in range(CHUNKS):
        payload = b'{"bytes":"%s"}' % base64.b64encode(b"part %d " % each)
        frame = encode_frame({":event-type": "chunk", ":message-type": "event"}, payload)
        writer.add(number, Kind.BYTES, 3 + each, frame[:9])
        writer.add(number, Kind.BYTES, 3 + each, frame[9:])
    if end:
        writer.add(number, Kind.CLOSED, 100, msgspec.json.encode(Closed(end="complete")))
    writer.flush()
    return request_id


def _outcomes(app: App) -> dict[str, str]:
    return {row["trace_id"]: row["outcome"] for row in content(app.database)["traces"]}


def _count(app: App) -> tuple[int, int]:
    with app.database.reading() as connection:
        counts = sources.one(connection, NAME).counts
    return counts.events, counts.duplicates


def test_a_call_is_stored_as_it_comes_and_its_files_go_when_its_writer_has_gone(app: App, root: Path) -> None:
    writer = SpoolWriter(root, most_bytes=100 * MIB)
    drain = _drain(app, root)
    whole = _call(writer)
    running = _call(writer, end=False)
    drain.drain()
    assert set(_outcomes(app)) == {whole.replace("-", ""), running.replace("-", "")}
    drain.drain()
    assert _count(app) == (2 * CHUNKS + 3, 0)
    writer.close()
    drain.drain()
    assert folders.spools(root) == []
    assert _outcomes(app)[running.replace("-", "")] == "failed"
    assert _count(app) == (2 * CHUNKS + 4, 0)


def test_what_was_stored_and_not_ticked_off_is_known_when_it_is_read_again(app: App, root: Path) -> None:
    writer = SpoolWriter(root, most_bytes=100 * MIB)
    ids = [_call(writer) for _ in range(3)]
    writer.close()
    intake = ProxiedIntake(app.ingest, clock)

    class KilledError(Exception):
        pass

    def store_and_die(found: Found) -> None:
        intake.take(found)
        raise KilledError

    with pytest.raises(KilledError):
        SpoolDrain(root, store_and_die, app.limits).drain()
    _drain(app, root).drain()
    assert set(_outcomes(app)) == {each.replace("-", "") for each in ids}
    assert _count(app) == (3 * (CHUNKS + 2), 3 * (CHUNKS + 2))


def test_while_the_store_is_down_nothing_goes(app: App, root: Path) -> None:
    writer = SpoolWriter(root, most_bytes=100 * MIB)
    _call(writer)
    writer.close()

    def refuse(_: Found) -> None:
        raise StoreUnavailableError("down")

    before = folders.size_of(root)
    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            SpoolDrain(root, refuse, app.limits).drain()
    assert folders.size_of(root) == before
    _drain(app, root).drain()
    assert list(_outcomes(app).values()) == ["ok"]


def test_a_torn_end_costs_only_what_is_torn(app: App, root: Path) -> None:
    writer = SpoolWriter(root, most_bytes=100 * MIB)
    whole, torn = _call(writer), _call(writer)
    writer.close()
    file = folders.segments(folders.spools(root)[0])[0]
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 5)
    _drain(app, root).drain()
    assert _outcomes(app) == {whole.replace("-", ""): "ok", torn.replace("-", ""): "failed"}
    assert folders.spools(root) == []


def test_a_call_whose_rest_was_lost_says_so_and_losses_are_told(app: App, root: Path) -> None:
    writer = SpoolWriter(root, most_bytes=100 * MIB)
    request_id = _call(writer, end=False)
    writer.add(int(request_id[-12:]), Kind.LOST, 90, b"")
    writer.add(0, Kind.LOST, 91, b"7")
    writer.close()
    _drain(app, root).drain()
    assert list(_outcomes(app).values()) == ["failed"]
    with app.database.reading() as connection:
        told = sources.one(connection, NAME).shards
    assert "7 traced calls" in str(told[0].error)


def test_one_process_of_a_machine_reads_at_a_time(root: Path) -> None:
    with folders.reading(root) as first, folders.reading(root) as second:
        assert (first, second) == (True, False)
    with folders.reading(root) as third:
        assert third
