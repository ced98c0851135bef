"""How the proxy treats calls."""

from typing import NamedTuple


class Terms(NamedTuple):
    """`attributes` are the session attributes whose values may be kept.

    When a caller leaves, a traced call is read on for `drain_seconds` and `drain_bytes` at most, and while something
    comes within `drain_silence_seconds`; `drains` calls at a time.
    """

    force_trace: bool = True
    attributes: tuple[str, ...] = ()
    most_body_bytes: int = 25 * 1024 * 1024
    body_seconds: float = 60.0
    connect_seconds: float = 10.0
    silence_seconds: float = 900.0
    drain_seconds: float = 900.0
    drain_silence_seconds: float = 60.0
    drain_bytes: int = 32 * 1024 * 1024
    drains: int = 256
