"""What the proxy's server refuses, and how: callers it need not know."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from starlette.types import Receive, Scope, Send

from tests import certificates
from tests.proxy.listening import listening, run
from tests.proxy.wire import BrokenError, Http1Client, Http2Client, connected
from tracehub.proxy.limits import Limits

_SHORT = Limits(connections=3, streams=4, head_bytes=64 * 1024, head_seconds=1, idle_seconds=1)


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers before it has read anything."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def sleeper(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_a_request_that_can_be_read_in_two_ways_gets_400(request_bytes: bytes) -> None:
    async def test() -> None:
        async with listening(hello) as server, connected(Http1Client, server.address) as client:
            client.writer.write(request_bytes)
            assert (await client.reader.read()).startswith(b"HTTP/1.1 400 ")

    run(test())


@pytest.mark.parametrize("pieces", [1, 7, 500])
@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 200), (64 * 1024 + 1, 431)])
def test_a_head_over_64_kb_is_refused_however_it_comes(pieces: int, size: int, status: int) -> None:
    async def test() -> None:
        async with listening(hello) as server, connected(Http1Client, server.address) as client:
            start = b"GET / HTTP/1.1\r\nHost: a\r\nx: "
            head = start + b"y" * (size - len(start) - 4) + b"\r\n\r\n"
            step = len(head) // pieces + 1
            for place in range(0, len(head), step):
                client.writer.write(head[place : place + step])
                await asyncio.sleep(0)
            assert (await client.head())[0] == status

    run(test())


def test_an_endless_trailer_is_cut_and_trailers_are_no_headers() -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive()).get("more_body"):
            pass
        if message["type"] == "http.request":
            seen.extend(scope["headers"])
            await hello(scope, receive, send)

    async def test() -> None:
        async with listening(app) as server, connected(Http1Client, server.address) as client:
            start = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
            client.writer.write(start + b"X-Trailer: 1\r\n\r\n")
            assert (await client.head())[0] == 200
            assert await client.rest() == b"hello"
            client.writer.write(start)
            sent = 0
            while not client.writer.transport.is_closing() and sent < 10_000_000:
                client.writer.write(b"x" * 1024)
                sent += 1024
                await asyncio.sleep(0.0001)
            assert sent < 10_000_000

    run(test())
    assert [name for name, _ in seen] == [b"host", b"transfer-encoding"]


def test_an_http2_head_over_64_kb_ends_the_connection() -> None:
    async def test() -> None:
        async with listening(hello) as server, connected(Http2Client, server.address) as client:
            with pytest.raises(BrokenError):
                await client.ask(b"GET", b"/", [(b"x", b"y" * 65 * 1024)])
            assert client.goaway == ErrorCodes.ENHANCE_YOUR_CALM

    run(test())


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"PRI * HT",
        b"GET / HTTP/1.1\r\nHost:",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]) + bytes([0, 0, 100, 1, 4, 0, 0, 0, 1]),
    ],
)
def test_a_head_that_never_ends_is_dropped(start: bytes) -> None:
    async def test() -> None:
        async with listening(hello, limits=_SHORT) as server, connected(Http1Client, server.address) as client:
            client.writer.write(start)
            began = asyncio.get_running_loop().time()
            await asyncio.wait_for(_closed(client), 5)
            assert 1 <= asyncio.get_running_loop().time() - began < 4

    run(test())


async def _closed(client: Http1Client) -> None:
    with suppress(ConnectionError):
        while await client.reader.read(65536):
            pass


@pytest.mark.parametrize("kind", [Http1Client, Http2Client])
def test_an_idle_connection_is_closed(kind: type[Http1Client] | type[Http2Client]) -> None:
    async def test() -> None:
        async with listening(hello, limits=_SHORT) as server, connected(kind, server.address) as client:
            await client.ask(b"GET", b"/")
            await client.rest()
            while await asyncio.wait_for(client.reader.read(65536), 5):
                pass
            await asyncio.sleep(0.05)
            assert server.connections == 0

    run(test())


@pytest.mark.parametrize("kind", [Http1Client, Http2Client])
def test_a_response_may_be_silent_for_longer_than_the_timeouts(kind: type[Http1Client] | type[Http2Client]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(3.5)
        await hello(scope, receive, send)

    async def test() -> None:
        async with listening(app, limits=_SHORT) as server, connected(kind, server.address) as client:
            assert (await client.ask(b"GET", b"/"))[0] == 200
            assert await client.rest() == b"hello"

    run(test())


def test_a_connection_too_many_is_closed_at_once() -> None:
    async def test() -> None:
        async with listening(hello, limits=_SHORT) as server:
            opened = [await asyncio.open_connection("127.0.0.1", server.address.rpartition(":")[2]) for _ in range(3)]
            await asyncio.sleep(0.05)
            async with connected(Http1Client, server.address) as client:
                with pytest.raises((BrokenError, ConnectionError)):
                    await client.ask(b"GET", b"/")
            assert server.refused == 1
            for _, writer in opened:
                writer.transport.abort()
            await asyncio.sleep(0.05)
            async with connected(Http1Client, server.address) as client:
                assert (await client.ask(b"GET", b"/"))[0] == 200

    run(test())


def test_streams_that_clients_reset_count_until_their_apps_are_done() -> None:
    """Otherwise opening and resetting in turn (CVE-2023-44487) would start any number of apps."""

    async def test() -> None:
        async with listening(sleeper, limits=_SHORT) as server, connected(Http2Client, server.address) as client:
            for _ in range(4):
                client.send_request(b"GET", b"/")
                client.leave()
            with pytest.raises(BrokenError):
                await client.ask(b"GET", b"/")
            assert client.reset_by_server() == ErrorCodes.REFUSED_STREAM
            for _ in range(5):
                client.send_request(b"GET", b"/")
                client.leave()
            with pytest.raises(BrokenError):
                await client.ask(b"GET", b"/")
            assert client.goaway == ErrorCodes.ENHANCE_YOUR_CALM

    run(test())


def test_a_body_that_is_not_wanted_is_stopped_behind_the_response() -> None:
    async def test() -> None:
        async with listening(hello) as server, connected(Http2Client, server.address) as client:
            client.send_request(b"POST", b"/", (), b"")
            first = client.latest = client.h2.get_next_available_stream_id()
            pseudo = [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", b"/")]
            client.open(first, pseudo)
            assert (await client.head())[0] == 200
            assert await client.rest() == b"hello"
            await client.ask(b"GET", b"/")
            assert client.reset_by_server(first) == ErrorCodes.NO_ERROR

    run(test())


def test_streams_run_to_their_end_behind_the_goaway_of_their_client() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        await hello(scope, receive, send)

    async def test() -> None:
        async with listening(app) as server, connected(Http2Client, server.address) as client:
            client.send_request(b"GET", b"/")
            client.h2.close_connection()
            client.flush()
            assert (await client.head())[0] == 200
            assert await client.rest() == b"hello"
            assert await asyncio.wait_for(client.reader.read(), 1) == b""

    run(test())


def test_an_app_goes_on_when_its_client_breaks_the_protocol() -> None:
    done = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        assert await receive() == {"type": "http.disconnect"}
        await hello(scope, receive, send)
        done.set()

    async def test() -> None:
        async with listening(app) as server, connected(Http2Client, server.address) as client:
            client.send_request(b"POST", b"/", (), bytes(1000))
            await asyncio.sleep(0.05)
            # DATA on a stream that was never opened
            client.writer.write(bytes([0, 0, 1, 0, 0, 0, 0, 0, 99, 0]))
            with pytest.raises(BrokenError):
                await client.head()
            assert client.goaway == ErrorCodes.PROTOCOL_ERROR
            await asyncio.wait_for(done.wait(), 2)

    run(test())


def test_pings_whose_answers_nobody_reads_end_the_connection() -> None:
    async def test() -> None:
        async with listening(hello) as server, connected(Http2Client, server.address) as client:
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            ping = bytes([0, 0, 8, 6, 0, 0, 0, 0, 0]) + bytes(8)
            for _ in range(2000):
                if server.connections == 0:
                    break
                client.writer.write(ping * 4000)
                await asyncio.sleep(0)
            assert server.connections == 0

    run(asyncio.wait_for(test(), 30))


def test_a_large_body_is_received_whole_over_http2() -> None:
    got = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal got
        more = True
        while more:
            message = await receive()
            got += len(message["body"])
            more = message["more_body"]
        await hello(scope, receive, send)

    async def test() -> None:
        async with listening(app) as server, connected(Http2Client, server.address) as client:
            stream = client.latest = client.h2.get_next_available_stream_id()
            client.open(stream, [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", b"/")])
            left = 3_000_000
            while left:
                room = min(client.h2.local_flow_control_window(stream), client.h2.max_outbound_frame_size, left)
                if room:
                    left -= room
                    client.h2.send_data(stream, bytes(room), end_stream=not left)
                    client.flush()
                else:
                    data = await client.reader.read(65536)
                    assert data
                    client.h2.receive_data(data)
            assert (await client.head())[0] == 200

    run(asyncio.wait_for(test(), 20))
    assert got == 3_000_000


def test_a_reset_stream_leaves_its_neighbours_alone() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.2)
        await hello(scope, receive, send)

    async def test() -> None:
        async with listening(app) as server, connected(Http2Client, server.address) as client:
            client.send_request(b"GET", b"/")
            first = client.latest
            client.send_request(b"GET", b"/")
            client.leave()
            assert (await client.head(stream=first))[0] == 200
            assert await client.part(first) == b"hello"

    run(test())


def test_a_stream_whose_client_gives_it_no_window_holds_up_no_other() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(40_000 if scope["path"] == "/long" else 10)})

    async def test() -> None:
        async with listening(app) as server, connected(Http2Client, server.address) as client:
            client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1000})
            client.send_request(b"GET", b"/long")
            long = client.latest
            await client.head()
            assert (await client.ask(b"GET", b"/short"))[0] == 200
            assert await client.rest() == bytes(10)
            client.latest = long
            assert await client.rest() == bytes(40_000)

    run(test())


@pytest.mark.parametrize(
    ("offered", "kind"), [(["h2", "http/1.1"], Http2Client), (["http/1.1"], Http1Client), ([], Http1Client)]
)
def test_under_tls_the_handshake_agrees_on_the_protocol(
    tmp_path: Path, offered: list[str], kind: type[Http1Client] | type[Http2Client]
) -> None:
    certificate, key = certificates.issue(tmp_path)
    context = ssl.create_default_context(cafile=str(certificate))
    if offered:
        context.set_alpn_protocols(offered)

    async def test() -> None:
        async with (
            listening(hello, certificate=certificate, key=key) as server,
            connected(kind, server.address, context) as client,
        ):
            assert (await client.ask(b"GET", b"/"))[0] == 200
            assert await client.rest() == b"hello"

    run(test())
