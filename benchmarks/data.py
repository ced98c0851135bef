"""The synthetic traffic that is measured."""

from collections.abc import Iterator
from pathlib import Path

from tests.long_sessions import SEED, UNTIL, long_session, steps_of
from tracehub.demo.generate import generate, write

PROBE = 200


def write_traffic(file: Path, spans: int) -> int:
    """Writes exchanges with about `spans` spans as JSON lines; how many sessions that took."""
    per_session = sum(steps_of(exchange) for exchange in generate(seed=SEED, sessions=PROBE, until=UNTIL)) / PROBE
    sessions = max(1, round(spans / per_session))
    with file.open("wb") as out:
        write(generate(seed=SEED, sessions=sessions, until=UNTIL), out)
    return sessions


def write_long_session(file: Path, session_id: str, steps: int) -> None:
    """Writes one session of about `steps` steps."""
    with file.open("wb") as out:
        out.writelines(long_session(session_id, steps))


def bodies(file: Path, size: int) -> Iterator[bytes]:
    """The lines of `file` in bodies of about `size` bytes."""
    held: list[bytes] = []
    length = 0
    with file.open("rb") as lines:
        for line in lines:
            held.append(line)
            length += len(line)
            if length >= size:
                yield b"".join(held)
                held, length = [], 0
    if held:
        yield b"".join(held)
