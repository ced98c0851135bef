"""A TCP proxy that breaks connections by a plan: between a client and any server, whatever they speak."""

import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

Kind = Literal["pass", "refuse", "delay", "reset", "half-close", "stop"]
Direction = Literal["request", "answer"]
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Treatment:
    """What befalls one connection once `after` bytes have gone in `direction`."""

    kind: Kind
    after: int = 0
    direction: Direction = "answer"
    seconds: float = 0.0


PASS = Treatment("pass")
REFUSE = Treatment("refuse")  # reset as soon as it is made; for a port on which nobody listens see FaultProxy.down


def delay(seconds: float, after: int = 0, direction: Direction = "answer") -> Treatment:
    """Bytes wait once, then everything goes on."""
    return Treatment("delay", after, direction, seconds)


def reset(after: int, direction: Direction = "answer") -> Treatment:
    """Exactly `after` bytes are let through; then both sides see a reset, which may overtake those bytes."""
    return Treatment("reset", after, direction)


def half_close(after: int, direction: Direction = "answer") -> Treatment:
    """Exactly `after` bytes are let through, then the receiver sees the end; the other direction stays open."""
    return Treatment("half-close", after, direction)


def stop(after: int, direction: Direction = "answer") -> Treatment:
    """Exactly `after` bytes are let through, then nothing more, while the connection stays open."""
    return Treatment("stop", after, direction)


def planned(*treatments: Treatment) -> Iterator[Treatment]:
    """One connection after the other; all later ones pass."""
    return iter(treatments)


def seeded(seed: int, rate: float, treatments: Sequence[Treatment]) -> Iterator[Treatment]:
    """For ever: each connection is treated with probability `rate`; the same for the same seed."""
    chance = random.Random(seed)
    while True:
        yield chance.choice(treatments) if chance.random() < rate else PASS


class FaultProxy:
    """Listens at `address` (`http://127.0.0.1:…`, if the target is written so) while its context is open.

    The target is a URL, `host:port`, or the path of a Unix socket. `plan` may be replaced at any time and holds for
    connections made from then on; `counts` says how many connections were given which kind of treatment, `struck` how
    many really met it, `carried` how many bytes were passed on in each direction.
    """

    def __init__(self, target: str, plan: Iterator[Treatment] | None = None) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._plan = planned() if plan is None else plan
        self.counts: Counter[Kind] = Counter()
        self.struck: Counter[Kind] = Counter()
        self.carried: Counter[Direction] = Counter()
        self._open: set[socket.socket] = set()
        self._up = True
        self._threads: list[threading.Thread] = []
        self._ending = threading.Event()
        self._listener = _listening(0)
        self.port: int = self._listener.getsockname()[1]
        scheme = urlsplit(target).scheme if "://" in target else ""
        self.address = f"{scheme}://127.0.0.1:{self.port}" if scheme else f"127.0.0.1:{self.port}"

    @property
    def plan(self) -> Iterator[Treatment]:
        with self._lock:
            return self._plan

    @plan.setter
    def plan(self, plan: Iterator[Treatment]) -> None:
        with self._lock:
            self._plan = plan

    def __enter__(self) -> Self:
        self._accepting = self._start(self._accept, self._listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._stop_listening()
        self.cut()
        for thread in self._threads:
            thread.join()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nobody listens on the port meanwhile, and what was open is cut."""
        self._stop_listening()
        self.cut()
        try:
            yield
        finally:
            self._listener = _listening(self.port)
            with self._lock:
                self._up = True
            self._accepting = self._start(self._accept, self._listener)

    def cut(self) -> None:
        """Ends every open connection on both sides."""
        with self._lock:
            for end in self._open:
                _shut(end, socket.SHUT_RDWR)

    def _stop_listening(self) -> None:
        with self._lock:
            self._up = False
        _shut(self._listener, socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            with self._lock:
                treatment = next(self._plan, PASS)
                self.counts[treatment.kind] += 1
            self._start(self._serve, client, treatment)

    def _serve(self, client: socket.socket, treatment: Treatment) -> None:
        with client:
            if treatment.kind == "refuse":
                self._count_struck(treatment)
                _reset_when_closed(client)
                return
            try:
                server = _connected(self._target)
            except OSError:
                _reset_when_closed(client)
                return
            with server:
                self._carry_both(_Link(client, server, treatment))

    def _carry_both(self, link: "_Link") -> None:
        ends = {link.client, link.server}
        with self._lock:
            if not self._up:
                return
            self._open |= ends
        try:
            request = self._start(self._carry, link, "request", link.client, link.server)
            self._carry(link, "answer", link.server, link.client)
            request.join()
        finally:
            with self._lock:
                self._open -= ends

    def _carry(self, link: "_Link", direction: Direction, source: socket.socket, sink: socket.socket) -> None:
        treated = link.treatment.direction == direction and link.treatment.kind != "pass"
        left = link.treatment.after if treated else None
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if left is not None and len(data) >= left:
                    self._send(sink, data[:left], direction)
                    self._count_struck(link.treatment)
                    if not self._goes_on(link, sink):
                        return
                    data, left = data[left:], None
                self._send(sink, data, direction)
                left = None if left is None else left - len(data)
        if not link.broken:
            _shut(sink, socket.SHUT_WR)

    def _send(self, sink: socket.socket, data: bytes, direction: Direction) -> None:
        with self._lock:
            self.carried[direction] += len(data)
        sink.sendall(data)

    def _count_struck(self, treatment: Treatment) -> None:
        with self._lock:
            self.struck[treatment.kind] += 1

    def _goes_on(self, link: "_Link", sink: socket.socket) -> bool:
        match link.treatment.kind:
            case "delay":
                self._ending.wait(link.treatment.seconds)
                return True
            case "half-close":
                _shut(sink, socket.SHUT_WR)
            case "reset":
                link.broken = True
                for end in (link.client, link.server):
                    _reset_when_closed(end)
                    # Wakes the thread of the other direction; when both have ended, the sockets are closed.
                    _shut(end, socket.SHUT_RD)
        return False


@dataclass
class _Link:
    client: socket.socket
    server: socket.socket
    treatment: Treatment
    broken: bool = False  # what ends it is a reset


def _listening(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=256)


def _connected(target: str) -> socket.socket:
    if target.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(target)
        return connection
    parts = urlsplit(target if "://" in target else f"tcp://{target}")
    connection = socket.create_connection((parts.hostname or "", parts.port or 80))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _shut(connection: socket.socket, how: int) -> None:
    with suppress(OSError):
        connection.shutdown(how)


def _reset_when_closed(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
