"""The streams: what they say, who may listen, and when they end."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.browser.served import KEY
from tests.serving import Server, serving
from tests.stores import migrated, store
from tests.traffic import demo_events, demo_lines
from tracehub.store.database import Database
from tracehub.web.live import sse, streams
from tracehub.web.live.feed import EVERYTHING, Feed
from tracehub.web.live.subscribers import MOST_WAITING, Subscriber, Subscribers

STREAM = "/_/live/stream"


def test_a_stream_is_neither_kept_nor_held_back(sqlite_url: str) -> None:
    with (
        serving(sqlite_url, collect=False) as server,
        server.client.stream("GET", STREAM, headers={"Accept-Encoding": "gzip"}) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["cache-control"] == "no-store"
        assert "content-encoding" not in answer.headers


def test_open_streams_do_not_keep_the_server_from_stopping(sqlite_url: str) -> None:
    with httpx.Client() as client:
        with serving(sqlite_url, collect=False) as server:
            answer = client.send(client.build_request("GET", server.address + STREAM), stream=True)
            lines = answer.iter_lines()
            assert next(lines) == f"retry: {sse.RETRY_MS}"
        assert [line for line in lines if line.startswith("event")] == ["event: here"]


def test_who_comes_back_is_told_what_came_meanwhile_and_nothing_else(database_url: str) -> None:
    with serving(database_url, collect=False) as server:
        _push(server, seed=1)
        before = _replayed(server, "0")
        cursor = before[-1].partition("\n")[0].removeprefix("id: ")
        assert _rows(before)
        # The clock of a cursor reaches two seconds back, so this one is of later.
        assert _rows(_replayed(server, str(int(cursor) + 60_000_000))) == []
        _push(server, seed=2)
        after = _rows(_replayed(server, cursor))
        assert set(after) > set(_rows(_replayed(server, "0"))) - set(_rows(before)) != set()
        assert len(after) == len(set(after))


def test_with_more_than_fits_the_stream_says_that_there_is_a_gap(sqlite_url: str) -> None:
    with serving(sqlite_url, collect=False) as server:
        server.client.post("/api/v1/records", content=demo_lines(120)).raise_for_status()
        said = _replayed(server, "0")
        assert said[0].startswith("event: gap")
        assert len(_rows(said)) <= 500


@pytest.mark.parametrize("path", [f"{STREAM}?colour=red", f"{STREAM}?since=never", "/_/sessions/s/stream"])
def test_what_cannot_be_understood_is_refused(sqlite_url: str, path: str) -> None:
    with serving(sqlite_url, collect=False) as server:
        assert server.client.get(path).status_code == 400


def test_without_a_key_nobody_listens(sqlite_url: str) -> None:
    with serving(sqlite_url, collect=False, api_keys=KEY) as server:
        assert server.client.get(STREAM).status_code == 401


def test_who_may_no_longer_listen_is_told_and_left(database: Database) -> None:
    async def listen() -> list[str]:
        subscribers = Subscribers(database.reading)
        return [said async for said in streams.steps(subscribers, EVERYTHING, None, _terms(admitted=False))]

    assert [_event(said) for said in asyncio.run(listen())] == ["", "here", "signedout"]


def test_silence_is_broken_by_a_sign_of_life(database: Database) -> None:
    async def listen() -> list[str]:
        messages = streams.steps(Subscribers(database.reading), EVERYTHING, None, _terms())
        return [await anext(messages) for _ in range(4)]

    assert asyncio.run(listen())[2:] == [sse.HEARTBEAT, sse.HEARTBEAT]


def test_a_session_that_rests_is_done(database: Database) -> None:
    async def listen() -> list[str]:
        subscribers = Subscribers(database.reading)
        return [said async for said in streams.turns(subscribers, "nobody", 0, _terms(silent_seconds=-1))]

    assert [_event(said) for said in asyncio.run(listen())] == ["", "here", "done"]


def test_the_store_is_asked_only_while_somebody_listens(database: Database) -> None:
    async def come_and_go() -> list[bool]:
        subscribers, seen = Subscribers(database.reading), []
        one, other = Subscriber(), Subscriber()
        seen.append(subscribers.polling)
        subscribers.join(one)
        subscribers.join(other)
        subscribers.leave(one)
        seen.append(subscribers.polling)
        subscribers.leave(other)
        seen.append(subscribers.polling)
        return seen

    assert asyncio.run(come_and_go()) == [False, True, False]


def test_after_the_store_failed_streams_end_and_new_ones_begin_anew(database: Database) -> None:
    async def listen() -> list[bool]:
        subscribers, me = Subscribers(database.reading), Subscriber()
        subscribers.join(me)
        with database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE traces RENAME TO gone")
        async with asyncio.timeout(30):
            while not me.ended:
                await me.wait(1)
        return [me.ended, subscribers.polling]

    assert asyncio.run(listen()) == [True, False]


def test_what_waits_for_a_slow_reader_is_bounded_and_counted(database: Database) -> None:
    async def hear() -> Subscriber:
        feed, me = Feed(database.reading, most_steps=10_000), Subscriber()
        feed.poll()
        store(database, demo_events(200))
        news = feed.poll([EVERYTHING])
        me.hear(news)
        assert len(me.steps) + me.missed == len(news.steps)
        return me

    me = asyncio.run(hear())
    assert len(me.steps) == MOST_WAITING
    assert me.missed > 0


def test_a_message_keeps_the_lines_of_its_text() -> None:
    assert sse.message("steps", "a\r\nb\rc\u2028d\n\nid: 7") == (
        "event: steps\ndata: a\ndata: b\ndata: c\u2028d\ndata: \ndata: id: 7\n\n"
    )


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    with migrated(sqlite_url) as opened:
        yield opened


def _terms(*, admitted: bool = True, silent_seconds: float = 130) -> streams.Terms:
    return streams.Terms(
        clock=lambda: 0, admitted=lambda: admitted, heartbeat_seconds=0.01, silent_seconds=silent_seconds
    )


def _replayed(server: Server, cursor: str) -> list[str]:
    """The messages until the replay is over."""
    said: list[str] = []
    with server.client.stream("GET", STREAM, headers={"Last-Event-ID": cursor}) as answer:
        message = ""
        for line in answer.iter_lines():
            message += f"{line}\n" if line else ""
            if line or not message:
                continue
            if not message.startswith("retry"):
                said.append(message)
            if "event: here" in message:
                break
            message = ""
    return said


def _rows(said: list[str]) -> list[str]:
    return [part.partition('"')[0] for message in said for part in message.split('<tr id="')[1:]]


def _event(said: str) -> str:
    return said.partition("event: ")[2].partition("\n")[0]


def _push(server: Server, seed: int) -> None:
    server.client.post("/api/v1/records", content=demo_lines(2, seed=seed)).raise_for_status()
