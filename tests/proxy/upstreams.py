"""An upstream for tests that answers by the byte, as it is told to by the session id of each request."""

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from uuid import uuid4

_CHUNKED = b"transfer-encoding: chunked\r\n"


class Answering:
    """One connection of an upstream's. After `reset` or `close` nothing more is read from it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._unsent = memoryview(b"")
        self.is_over = False

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def head(self, status: int = 200, more: bytes = b"", framing: bytes = _CHUNKED) -> None:
        """The beginning of a stream's answer."""
        lines = b"content-type: application/vnd.amazon.eventstream\r\nx-amzn-requestid: %b\r\n" % str(uuid4()).encode()
        self.send(b"HTTP/1.1 %d OK\r\n%b%b%b\r\n" % (status, lines, more, framing))

    def chunk(self, data: bytes) -> None:
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def patience(self, seconds: float) -> None:
        """How long `chunk_or_wait` waits for a reader."""
        self._connection.settimeout(seconds)

    def chunk_or_wait(self, data: bytes) -> bool:
        """Sends a part of a chunk; False where nobody takes anything. To be called again until it is whole."""
        if not self._unsent:
            self._unsent = memoryview(b"%x\r\n%b\r\n" % (len(data), data))
        try:
            while self._unsent:
                self._unsent = self._unsent[self._connection.send(self._unsent) :]
        except TimeoutError:
            return False
        return True

    def end(self) -> None:
        self.send(b"0\r\n\r\n")

    def close(self) -> None:
        self.is_over = True

    def reset(self) -> None:
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.is_over = True


Script = Callable[[Answering], None]


@contextmanager
def scripted(scripts: Mapping[str, Script]) -> Iterator[str]:
    """Serves these scripts on a free port; a script is chosen by the session id up to its first dot."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def accept() -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=_serve, args=(connection, scripts), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _serve(connection: socket.socket, scripts: Mapping[str, Script]) -> None:
    answering = Answering(connection)
    with connection, suppress(OSError), connection.makefile("rb") as reader:
        while not answering.is_over:
            line = reader.readline()
            found = re.search(rb"/sessions/([^/]*)/text", line)
            if found is None:
                return
            length = 0
            while (header := reader.readline()) not in (b"\r\n", b""):
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            reader.read(length)
            scripts[found[1].decode().partition(".")[0]](answering)
