"""What one listening port of the proxy bears before it refuses."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds on what callers may hold open or send, known callers or not.

    A connection beyond `connections` is closed at once. A request's head is its target and header lines. An HTTP/2
    stream beyond `streams` on one connection is refused in a way that clients may repeat; what a reset stream has left
    running counts until it is done.
    """

    connections: int = 4096
    streams: int = 1000
    head_bytes: int = 64 * 1024
    head_seconds: float = 20.0
    idle_seconds: float = 75.0
