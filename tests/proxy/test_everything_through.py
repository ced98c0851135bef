"""Whatever is asked of bedrock-agent-runtime reaches AWS as it was asked, and what AWS answers comes back as it is."""

import gzip
import random
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from tests.proxy.asking import ask, host_of, send, signed, written
from tests.proxy.echoing import Asked, Echo, echoing
from tests.proxying import Proxying, client_of, proxying

MODEL = ServiceModel(Loader().load_service_model("bedrock-agent-runtime", "service-2"), "bedrock-agent-runtime")
SIGNATURE = {"authorization", "x-amz-date", "host"}
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with echoing() as running:
        yield running


@pytest.fixture(scope="module")
def run(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxying]:
    """Asking for no traces, so that every body is as it came."""
    folder = tmp_path_factory.mktemp("proxy")
    with proxying(echo.address, folder, alone=True, proxy_force_trace="false") as running:
        yield running
        assert (folder / "errors.txt").read_text().count("Traceback") == 0


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_every_operation_arrives_as_it_does_without_the_proxy(run: Proxying, echo: Echo, operation: str) -> None:
    through, direct = (_called(address, run, echo, operation) for address in (run.address, echo.address))
    assert through.is_signed()
    assert (through.method, through.target, through.body) == (direct.method, direct.target, direct.body)
    attempt = "amz-sdk-invocation-id"
    assert [each for each in _lasting(through) if each[0] != attempt] == [
        each for each in _lasting(direct) if each[0] != attempt
    ]
    assert through.values(attempt)
    assert through.values("host") == [host_of(echo.address)]
    assert run.key_id not in str(through.headers)


@pytest.mark.parametrize(
    "target",
    [
        "/a%2Fb/c",
        "/a%2fb",
        "/a%3Ab:c",
        "/a+b%20c",
        "/a%25b",
        "/a%2Bb~c!$&'()*,;=@",
        "/a//b",
        "//a",
        "/a/",
        "/",
        "/a/.b/..c/d./...",
        "/.well-known/x",
        "/caf%C3%A9/%E6%97%A5",
        "/a%2e%2e/b",
        "/a/%2e%2e/b",
        "/a?b=c&a=b&b=a&x",
        "/a?x=%2F%20+&y=%e9",
        "/a?x=y?z=/../&&a",
        "/a?b=1&b=&c",
        "/__tracehub",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_and_a_query_arrive_as_they_were_written(run: Proxying, echo: Echo, method: str, target: str) -> None:
    assert ask(run, method, target, b"" if method == "GET" else b"{}").status == 200
    asked = echo.take()
    assert (asked.method, asked.target) == (method, target)
    assert asked.is_signed()


@pytest.mark.parametrize("target", ["/a/../b", "/a/./b", "/..", "/a/..", "/."])
def test_dot_segments_reach_nobody(run: Proxying, echo: Echo, target: str) -> None:
    answer = ask(run, "POST", target)
    assert (answer.status, answer.header("x-amzn-errortype")) == (403, "AccessDeniedException")
    assert echo.take_all() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_a_body_arrives_under_every_method(run: Proxying, echo: Echo, method: str, size: int) -> None:
    body = random.Random(size).randbytes(size)
    assert ask(run, method, "/unknown/path", body).status == 200
    asked = echo.take()
    assert (asked.method, asked.body) == (method, body)
    assert asked.is_signed()


@pytest.mark.parametrize("chunks", [[b"{}"], [b"{", b"}"], [b"x" * 40_000] * 30, []])
def test_a_body_in_chunks_arrives_whole(run: Proxying, echo: Echo, chunks: list[bytes]) -> None:
    wire = signed(run, body=b"".join(chunks))
    assert send(run.address, written(wire, chunks)).status == 200
    asked = echo.take()
    assert asked.body == wire.body
    assert asked.is_signed()
    assert asked.values("transfer-encoding") == []


def test_a_body_of_eight_megabytes_arrives(run: Proxying, echo: Echo) -> None:
    body = random.Random(8).randbytes(8 * MEGABYTE)
    assert ask(run, "POST", "/unknown", body).status == 200
    assert echo.take().body == body


def test_headers_arrive_but_those_of_the_connection(run: Proxying, echo: Echo) -> None:
    sent = {
        "X-Amz-User-Agent": "aws-sdk-js/3  a   b",
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "application/vnd.amazon.eventstream",
        "Accept-Encoding": "gzip, deflate",
        "User-Agent": "Boto3/1.40 md/Botocore#1.40 ua/2.1 os/linux",
        "amz-sdk-invocation-id": "11111111-2222-4333-8444-555555555555",
        "amz-sdk-request": "attempt=1; max=3",
        "X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "Cookie": "a=b",
        "Empty": "",
        "X-Tracehub-Fault": "none",
        "Range": "bytes=0-",
        "Forwarded": "for=192.0.2.1",
    }
    wire = signed(run, headers=sent).with_more(
        (b"connection", b"close, x-mine"),
        (b"x-mine", b"1"),
        (b"keep-alive", b"timeout=5"),
        (b"te", b"trailers"),
        (b"proxy-authorization", b"Basic x"),
        (b"twice", b"1"),
        (b"twice", b"2"),
        (b"utf-8", "日本".encode()),
    )
    assert send(run.address, written(wire)).status == 200
    asked = echo.take()
    expected = [(name.lower(), value) for name, value in sent.items()]
    expected += [("twice", "1"), ("twice", "2"), ("utf-8", "日本".encode().decode("latin-1")), ("content-length", "2")]
    assert sorted(_lasting(asked)) == sorted(expected)
    assert asked.is_signed()


def test_what_aws_could_not_be_sent_as_it_came_is_refused(run: Proxying, echo: Echo) -> None:
    answer = send(run.address, written(signed(run).with_more((b"latin", b"caf\xe9"))))
    assert (answer.status, answer.header("x-amzn-errortype")) == (400, "ValidationException")
    assert echo.take_all() == []


ANSWERS = {
    "empty": b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\nx-amzn-requestid: r-1\r\n\r\n",
    "created": b"HTTP/1.1 201 Created\r\nx-amzn-requestid: r-1\r\ncontent-length: 1\r\n\r\nx",
    "not modified": b'HTTP/1.1 304 Not Modified\r\netag: "a"\r\n\r\n',
    "not modified, with a length": b'HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\netag: "a"\r\n\r\n',
    "redirect": b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n",
    "error": (
        b"HTTP/1.1 400 Bad Request\r\nx-amzn-errortype: ValidationException:http://internal.amazon.com/\r\n"
        b'content-type: application/json\r\nx-amzn-requestid: r-2\r\ncontent-length: 15\r\n\r\n{"message":"m"}'
    ),
    "throttled": b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 3\r\nContent-Length: 2\r\n\r\n{}",
    "unavailable": b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\ndown",
    "a status of nobody's": b"HTTP/1.1 599 Odd\r\ncontent-length: 0\r\n\r\n",
    "in chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
    "in no chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "to the connection's end": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc",
    "doubled headers": (
        b"HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nvary: x\r\nvary: y\r\ncontent-length: 0\r\n\r\n"
    ),
    "its own connection": (
        b"HTTP/1.1 200 OK\r\nconnection: keep-alive, x-of-it\r\nx-of-it: 1\r\nkeep-alive: timeout=5\r\n"
        b"content-length: 0\r\n\r\n"
    ),
    "its own name and time": (
        b"HTTP/1.1 200 OK\r\nserver: S\r\ndate: Mon, 23 Nov 2026 10:00:00 GMT\r\ncontent-length: 0\r\n\r\n"
    ),
    "gzip": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b"
    % (len(gzip.compress(b"abc", mtime=0)), gzip.compress(b"abc", mtime=0)),
    "broken gzip": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
    "continued": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
    "latin-1": b"HTTP/1.1 200 OK\r\nx-name: caf\xe9 \xe6\x97\xa5\r\ncontent-length: 0\r\n\r\n",
    "long headers": b"HTTP/1.1 200 OK\r\nx-long: %b\r\ncontent-length: 0\r\n\r\n" % (b"x" * 8000),
    "no type": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_comes_back_as_it_was_given(run: Proxying, echo: Echo, name: str, method: str) -> None:
    echo.answer = ANSWERS[name]
    request = written(signed(run, method, "/unknown"))
    direct, through = (send(address, request, method) for address in (echo.address, run.address))
    echo.take_all()
    assert (through.status, through.body) == (direct.status, direct.body)
    dropped = {"x-of-it"}
    assert through.told == [each for each in direct.told if each[0] not in dropped]
    assert through.values("date") == direct.values("date")
    if direct.values("content-length") and direct.status != 304:
        assert through.values("content-length") == direct.values("content-length")


def test_a_head_has_the_length_of_what_it_does_not_bring(run: Proxying, echo: Echo) -> None:
    echo.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"
    answer = ask(run, "HEAD", "/unknown", b"")
    echo.take()
    assert (answer.status, answer.header("content-length"), answer.body) == (200, "1000", b"")


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_of_ten_megabytes_comes_back(run: Proxying, echo: Echo, chunked: bool) -> None:
    body = random.Random(10).randbytes(10 * MEGABYTE)
    if chunked:
        pieces = b"".join(
            b"%x\r\n%b\r\n" % (MEGABYTE, body[at : at + MEGABYTE]) for at in range(0, len(body), MEGABYTE)
        )
        echo.answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
    else:
        echo.answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    assert ask(run, "POST", "/unknown").body == body
    echo.take()


def _called(address: str, run: Proxying, echo: Echo, operation: str) -> Asked:
    client = client_of(address, run.key_id, run.secret, parameter_validation=False)
    model = MODEL.operation_model(operation)
    made = _made(model.input_shape) if model.input_shape else {}
    for name, member in model.input_shape.members.items() if model.input_shape else ():
        if member.serialization.get("location") == "header":
            made[name] = "arn:aws:a  b"
    method = next(name for name, api in client.meta.method_to_api_mapping.items() if api == operation)
    for part in getattr(client, method)(**made).values():
        if hasattr(part, "close"):
            part.close()
    client.close()
    return echo.take()


def _made(shape: Shape, depth: int = 0) -> Any:
    """A value of a shape, with all its members as far down as they differ."""
    match shape.type_name:
        case "structure":
            members = shape.members if depth < 4 else {name: shape.members[name] for name in shape.required_members}
            if getattr(shape, "is_tagged_union", False):
                members = dict(list(members.items())[:1])
            return {name: _made(member, depth + 1) for name, member in members.items()}
        case "list":
            return [_made(shape.member, depth + 1)] if depth < 6 else []
        case "map":
            return {"a key": _made(shape.value, depth + 1)}
        case "string":
            return (shape.enum or ["a:b/c é+%"])[0]
        case "blob":
            return b"\x00\xff"
        case "boolean":
            return False
        case "timestamp":
            return 1_790_000_000
        case "float" | "double":
            return 0.5
        case "document":
            return {"a": [1, None]}
        case _:
            return 7


def _lasting(asked: Asked) -> list[tuple[str, str]]:
    """The headers but for the signature's."""
    return [each for each in asked.headers if each[0] not in SIGNATURE]
