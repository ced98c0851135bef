"""What both protocols of the proxy's server promise, seen through real sockets."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import chain

import pytest
from h2.errors import ErrorCodes
from starlette.types import Receive, Scope, Send

from tests.proxy.listening import listening, run
from tests.proxy.wire import BrokenError, Http1Client, Http2Client, connected

pytestmark = pytest.mark.parametrize("kind", [Http1Client, Http2Client])
Kind = type[Http1Client] | type[Http2Client]


class App:
    """Reads the request and then does what it was made for; `gone` is set when it learns that the client left."""

    def __init__(self, answer: Callable[[Send], Coroutine[object, object, None]] | None = None) -> None:
        self.scope: Scope = {}
        self.body = b""
        self.gone = asyncio.Event()
        self.done = asyncio.Event()
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        more = True
        while more:
            message = await receive()
            self.body += message["body"]
            more = message["more_body"]
        watching = asyncio.ensure_future(self._watch(receive))
        await (self._answer or hello)(send)
        await watching
        self.done.set()

    async def _watch(self, receive: Receive) -> None:
        assert await receive() == {"type": "http.disconnect"}
        self.gone.set()


async def start(send: Send, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def body(send: Send, data: bytes, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def hello(send: Send) -> None:
    await start(send, (b"x-b", b"2"), (b"x-a", b"1"), (b"x-b", b"3, 4"))
    await body(send, b"hello", more=False)


@pytest.mark.parametrize(
    "target",
    [b"/a%2Fb%3Ac", b"/a+b", b"//a//b/", b"/a/../b/./c", b"/%FF%c3%28", b"/a?x=%2F+1&&y", b"/?", b"/a?b?c=%00"],
)
def test_the_app_sees_the_target_as_it_was_sent(kind: Kind, target: bytes) -> None:
    app = App()

    async def test() -> None:
        async with listening(app) as server, connected(kind, server.address) as client:
            await client.ask(b"GET", target)

    run(test())
    assert app.scope["raw_path"] == target.partition(b"?")[0]
    assert app.scope["query_string"] == target.partition(b"?")[2]


def test_headers_keep_their_order_doubles_and_values(kind: Kind) -> None:
    app = App()
    sent = [(b"X-B", b"2"), (b"X-A", b"a  b"), (b"X-B", b"1,2"), (b"cookie", b"a=1"), (b"cookie", b"b=2")]

    async def test() -> None:
        async with listening(app) as server, connected(kind, server.address) as client:
            status, headers = await client.ask(b"POST", b"/", [*sent, (b"x-odd", b"\xff\xe4")], b"request")
            assert status == 200
            assert [each for each in headers if each[0] != b"transfer-encoding"] == [
                (b"x-b", b"2"),
                (b"x-a", b"1"),
                (b"x-b", b"3, 4"),
            ]
            assert await client.rest() == b"hello"

    run(test())
    assert app.body == b"request"
    assert app.scope["http_version"] == kind.version
    lowered = [(name.lower(), value) for name, value in sent]
    assert [each for each in app.scope["headers"] if each[0] != b"content-length"] == [
        (b"host", b"test"),
        *lowered,
        (b"x-odd", b"\xff\xe4"),
    ]


def test_several_requests_on_one_connection(kind: Kind) -> None:
    async def test() -> None:
        async with listening(App()) as server, connected(kind, server.address) as client:
            for _ in range(3):
                assert (await client.ask(b"POST", b"/", (), b"x"))[0] == 200
                assert await client.rest() == b"hello"
            assert server.connections == 1

    run(test())


@pytest.mark.parametrize("status", [200, 201, 299, 404, 418, 424, 429, 503, 529, 599])
def test_a_status_is_passed_on(kind: Kind, status: int) -> None:
    async def answer(send: Send) -> None:
        await start(send, status=status)
        await body(send, b"", more=False)

    async def test() -> None:
        async with listening(App(answer)) as server, connected(kind, server.address) as client:
            assert (await client.ask(b"GET", b"/"))[0] == status
            assert await client.rest() == b""

    run(test())


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", 200), (b"GET", 204), (b"GET", 304)])
def test_a_response_without_a_body_leaves_the_connection_usable(kind: Kind, method: bytes, status: int) -> None:
    async def answer(send: Send) -> None:
        await start(send, *([(b"content-length", b"5")] if method == b"HEAD" else []), status=status)
        await body(send, b"hello" if method == b"HEAD" else b"", more=False)

    async def test() -> None:
        async with listening(App(answer)) as server, connected(kind, server.address) as client:
            for _ in range(2):
                got, headers = await client.ask(method, b"/")
                assert got == status
                assert (b"content-length", b"5") in headers or method != b"HEAD"
                if kind is Http2Client or method != b"HEAD":
                    assert await client.rest() == b""

    run(test())


def test_each_part_of_a_body_arrives_before_the_next_is_sent(kind: Kind) -> None:
    turn = asyncio.Event()

    async def answer(send: Send) -> None:
        await start(send)
        for number in range(5):
            await body(send, b"part %d" % number)
            await asyncio.wait_for(turn.wait(), 5)
            turn.clear()
        await body(send, b"", more=False)

    async def test() -> None:
        async with listening(App(answer)) as server, connected(kind, server.address) as client:
            await client.ask(b"GET", b"/")
            for number in range(5):
                assert await asyncio.wait_for(client.part(), 1) == b"part %d" % number
                turn.set()
            assert await client.part() is None

    run(test())


def test_an_app_waits_while_its_client_does_not_read(kind: Kind) -> None:
    sent = 0

    async def answer(send: Send) -> None:
        nonlocal sent
        await start(send)
        for _ in range(800):
            await body(send, bytes(64 * 1024))
            sent += 64 * 1024
        await body(send, b"", more=False)

    async def test() -> None:
        async with listening(App(answer)) as server, connected(kind, server.address) as client:
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            client.send_request(b"GET", b"/")
            await asyncio.sleep(0.5)
            stalled = sent
            # What the kernel holds for both ends, and the transport's own 64 KB.
            assert stalled < 12 * 1024 * 1024
            await asyncio.sleep(0.2)
            assert sent == stalled
            client.writer.transport.resume_reading()  # type: ignore[attr-defined]
            await client.head()
            got = 0
            while (part := await client.part()) is not None:
                got += len(part)
            assert got == sent == 800 * 64 * 1024

    run(test())


def test_an_app_goes_on_and_learns_of_it_when_its_client_leaves(kind: Kind) -> None:
    async def answer(send: Send) -> None:
        await start(send)
        await body(send, b"x")
        await asyncio.wait_for(app.gone.wait(), 5)
        for _ in range(100):
            await body(send, bytes(64 * 1024))
        await body(send, b"", more=False)

    app = App(answer)

    async def test() -> None:
        async with listening(app) as server, connected(kind, server.address) as client:
            await client.ask(b"GET", b"/")
            await client.part()
            client.leave()
            await asyncio.wait_for(app.done.wait(), 5)

    run(test())


def test_a_client_that_leaves_wakes_an_app_that_waits_to_send(kind: Kind) -> None:
    async def answer(send: Send) -> None:
        await start(send)
        for _ in range(800):
            await body(send, bytes(64 * 1024))

    app = App(answer)

    async def test() -> None:
        async with listening(app) as server, connected(kind, server.address) as client:
            await client.ask(b"GET", b"/")
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(0.3)
            client.leave()
            await asyncio.wait_for(app.done.wait(), 5)

    run(test())


def test_an_app_that_fails_in_the_middle_breaks_its_response(kind: Kind) -> None:
    async def answer(send: Send) -> None:
        await start(send)
        await body(send, b"x")
        raise ConnectionError("upstream")

    async def test() -> None:
        async with listening(App(answer)) as server, connected(kind, server.address) as client:
            await client.ask(b"GET", b"/")
            assert await client.part() == b"x"
            with pytest.raises(BrokenError):
                await client.part()
            if isinstance(client, Http2Client):
                assert client.reset_by_server() == ErrorCodes.INTERNAL_ERROR

    run(test())


def test_an_app_that_fails_before_it_answers_gives_500_without_detail(kind: Kind) -> None:
    async def answer(send: Send) -> None:
        raise RuntimeError("secret")

    async def test() -> None:
        async with listening(App(answer)) as server, connected(kind, server.address) as client:
            assert (await client.ask(b"GET", b"/"))[0] == 500
            assert await client.rest() == b"Internal Server Error"

    run(test())


def test_stopping_lets_a_running_response_end(kind: Kind) -> None:
    async def answer(send: Send) -> None:
        await start(send)
        await body(send, b"x")
        await asyncio.sleep(0.3)
        await body(send, b"y", more=False)

    async def test() -> None:
        async with listening(App(answer)) as server, connected(kind, server.address) as client:
            await client.ask(b"GET", b"/")
            stopping = asyncio.ensure_future(server.stop(5))
            assert await client.rest() == b"xy"
            await asyncio.wait_for(stopping, 2)

    run(test())


def test_stopping_cuts_what_outlasts_the_grace(kind: Kind) -> None:
    async def answer(send: Send) -> None:
        await start(send)
        await asyncio.sleep(60)

    async def test() -> None:
        async with listening(App(answer)) as server, connected(kind, server.address) as client:
            await client.ask(b"GET", b"/")
            await asyncio.wait_for(server.stop(0.1), 2)
            with pytest.raises(BrokenError):
                await client.rest()

    run(test())


def test_500_responses_stream_side_by_side(kind: Kind) -> None:
    at_once = 0

    async def answer(send: Send) -> None:
        nonlocal at_once
        at_once += 1
        await start(send)
        while at_once < 500:
            await body(send, b"tick")
            await asyncio.sleep(0.05)
        await body(send, b"end", more=False)

    async def test() -> None:
        async with listening(_fresh(answer)) as server:
            if kind is Http1Client:
                texts = await asyncio.gather(*(_one(server.address) for _ in range(500)))
            else:
                texts = list(chain(*await asyncio.gather(*(_hundred(server.address) for _ in range(5)))))
            assert len(texts) == 500
            assert all(text.endswith(b"end") for text in texts)

    run(asyncio.wait_for(test(), 30))


def _fresh(answer: Callable[[Send], Coroutine[object, object, None]]) -> Callable[..., Coroutine[object, object, None]]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send)

    return app


async def _one(address: str) -> bytes:
    async with connected(Http1Client, address) as client:
        await client.ask(b"GET", b"/")
        return await client.rest()


async def _hundred(address: str) -> list[bytes]:
    async with connected(Http2Client, address) as client:
        numbers = []
        for _ in range(100):
            client.send_request(b"GET", b"/")
            numbers.append(client.latest)
        texts = []
        for number in numbers:
            client.latest = number
            texts.append(await client.rest())
        return texts
