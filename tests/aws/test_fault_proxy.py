"""The proxy passes bytes on untouched, and breaks connections exactly where its plan says."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.aws.fault_proxy import (
    PASS,
    REFUSE,
    FaultProxy,
    Treatment,
    delay,
    half_close,
    planned,
    reset,
    seeded,
    stop,
)
from tests.aws.logs_server import LogsServer, client_of

ANSWER = bytes(range(256)) * 1_000


@contextmanager
def answering(listener: socket.socket) -> Iterator[list[bytes]]:
    """A server that gives ANSWER to every connection after its first 4 bytes; all that it was sent."""
    sent: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection, suppress(OSError):
                received = connection.recv(4, socket.MSG_WAITALL)
                sent.append(received)
                if len(received) == 4:
                    connection.sendall(ANSWER)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield sent
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    listener = socket.create_server(("127.0.0.1", 0))
    with answering(listener), FaultProxy(f"127.0.0.1:{listener.getsockname()[1]}") as running:
        yield running


def ask(proxy: FaultProxy, request: bytes = b"ping") -> bytes:
    """All that comes until the other side ends it."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as connection:
        connection.sendall(request)
        received = b""
        while data := connection.recv(65536):
            received += data
        return received


def test_without_a_plan_everything_passes(proxy: FaultProxy) -> None:
    assert [ask(proxy), ask(proxy)] == [ANSWER, ANSWER]
    assert (proxy.counts, proxy.struck) == ({"pass": 2}, {})
    assert proxy.carried == {"request": 8, "answer": 2 * len(ANSWER)}


def test_a_delay_only_delays(proxy: FaultProxy) -> None:
    proxy.plan = planned(delay(0.01), delay(0.01, after=1_000), delay(0.01, after=2, direction="request"))
    assert [ask(proxy), ask(proxy), ask(proxy)] == [ANSWER] * 3
    assert proxy.struck == {"delay": 3}


def test_a_reset_comes_after_that_many_bytes(proxy: FaultProxy) -> None:
    proxy.plan = planned(reset(1_000))
    with pytest.raises(ConnectionResetError):
        ask(proxy)
    assert proxy.carried["answer"] == 1_000
    assert ask(proxy) == ANSWER
    assert proxy.struck == {"reset": 1}


def test_a_reset_may_come_in_the_middle_of_the_request(proxy: FaultProxy) -> None:
    proxy.plan = planned(reset(2, "request"))
    with pytest.raises(ConnectionResetError):
        ask(proxy)
    assert proxy.carried == {"request": 2}


def test_a_half_closed_answer_ends_in_good_order(proxy: FaultProxy) -> None:
    proxy.plan = planned(half_close(1_000))
    assert ask(proxy) == ANSWER[:1_000]


def test_a_stopped_answer_leaves_the_reader_waiting(proxy: FaultProxy) -> None:
    proxy.plan = planned(stop(1_000))
    with socket.create_connection(("127.0.0.1", proxy.port)) as connection:
        connection.sendall(b"ping")
        assert connection.recv(1_000, socket.MSG_WAITALL) == ANSWER[:1_000]
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_a_refused_connection_is_reset_before_anything_reaches_the_server(proxy: FaultProxy) -> None:
    proxy.plan = planned(REFUSE)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        ask(proxy)
    assert proxy.carried == {}
    assert ask(proxy) == ANSWER


def test_nobody_listens_while_it_is_down(proxy: FaultProxy) -> None:
    with proxy.down(), pytest.raises(ConnectionRefusedError):
        ask(proxy)
    assert ask(proxy) == ANSWER


def test_a_target_that_is_gone_resets_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = f"127.0.0.1:{listener.getsockname()[1]}"
    with FaultProxy(target) as proxy, pytest.raises((ConnectionResetError, BrokenPipeError)):
        ask(proxy)


def test_a_unix_socket_can_be_the_target(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    with answering(listener), FaultProxy(path) as proxy:
        assert ask(proxy) == ANSWER


def test_its_end_cuts_what_is_open() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with answering(listener):
        with FaultProxy(f"127.0.0.1:{listener.getsockname()[1]}", planned(stop(10))) as proxy:
            connection = socket.create_connection(("127.0.0.1", proxy.port), timeout=30)
            connection.sendall(b"ping")
            assert connection.recv(10, socket.MSG_WAITALL) == ANSWER[:10]
        with connection, suppress(ConnectionResetError):
            assert connection.recv(1) == b""


def test_many_connections_at_once_each_meet_one_entry_of_the_plan(proxy: FaultProxy) -> None:
    proxy.plan = planned(*[PASS, half_close(100)] * 20)
    lengths: list[int] = []
    threads = [threading.Thread(target=lambda: lengths.append(len(ask(proxy)))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lengths) == [100] * 20 + [len(ANSWER)] * 20
    assert proxy.counts == {"pass": 20, "half-close": 20}


def test_a_seed_gives_the_same_plan_again() -> None:
    def drawn(seed: int) -> list[Treatment]:
        plan = seeded(seed, 0.5, [REFUSE, reset(10)])
        return [next(plan) for _ in range(50)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert set(drawn(1)) == {PASS, REFUSE, reset(10)}


def test_boto3_speaks_through_it() -> None:
    with LogsServer() as server, FaultProxy(server.address) as proxy, client_of(proxy.address) as logs:
        server.create_group("/group")
        assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["/group"]
