"""Keeps the keys that calls are admitted by in step with the database, and does without it while it is down."""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from tracehub.errors import TracehubError
from tracehub.model.proxy_key import ProxyKey
from tracehub.proxy.keys import Keys

_log = structlog.get_logger(__name__)
_EVERY_SECONDS = 1.0
_PATIENCE_SECONDS = 3.0


class KnownKeys:
    """Reads the keys every second, beside the calls.

    What was read last is kept in `file` too, for a start without the database: it holds no secrets.
    """

    def __init__(self, keys: Keys, fetch: Callable[[], Sequence[ProxyKey]], file: Path) -> None:
        self._keys = keys
        self._fetch = fetch
        self._file = file
        self._last: tuple[ProxyKey, ...] | None = None
        self._stop = threading.Event()
        self.trouble: str | None = "the keys are not read yet"

    async def start(self) -> None:
        """Reads them, and goes on to; where the database does not answer soon, those that were kept have to do."""
        first = asyncio.Event()
        # A thread of its own, for nobody can end one that waits for a database.
        thread = threading.Thread(
            target=self._go_on, args=(asyncio.get_running_loop(), first), name="tracehub-keys", daemon=True
        )
        thread.start()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await first.wait()
        if self._last is None:
            self._take(await asyncio.to_thread(_kept, self._file))

    def stop(self) -> None:
        """Reads no more."""
        self._stop.set()

    def _go_on(self, loop: asyncio.AbstractEventLoop, first: asyncio.Event) -> None:
        last = None
        while not self._stop.is_set():
            rows = self._read()
            # The loop may have ended meanwhile.
            with suppress(RuntimeError):
                if rows is not None and rows != last:
                    loop.call_soon_threadsafe(self._take, rows)
                loop.call_soon_threadsafe(first.set)
            if rows is not None and rows != last:
                _keep(self._file, rows)
                last = rows
            self._stop.wait(_EVERY_SECONDS)

    def _read(self) -> tuple[ProxyKey, ...] | None:
        try:
            return tuple(self._fetch())
        except (SQLAlchemyError, TracehubError, OSError) as error:
            _log.debug("the keys could not be read", error=str(error))
        except Exception:  # the outermost loop: new keys must come through later
            _log.exception("the keys could not be read")
        return None

    def _take(self, rows: tuple[ProxyKey, ...] | None) -> None:
        if rows is None:
            return
        try:
            self._keys.load(rows)
        except TracehubError as error:
            self.trouble = str(error)
            _log.error("the keys cannot be used", error=str(error))
        else:
            self.trouble = None
        self._last = rows


def _keep(file: Path, rows: tuple[ProxyKey, ...]) -> None:
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        new.write_bytes(msgspec.json.encode(rows))
        new.replace(file)
    except OSError as error:
        _log.warning("the keys could not be kept for a start without the database", error=str(error))


def _kept(file: Path) -> tuple[ProxyKey, ...] | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[ProxyKey, ...])
    except (OSError, msgspec.DecodeError):
        return None
