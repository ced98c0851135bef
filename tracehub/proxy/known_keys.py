"""Keeps the keys that calls are admitted by in step with the database, and does without it while it is down."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError

from tracehub.errors import TracehubError
from tracehub.model.proxy_key import ProxyKey
from tracehub.proxy.keys import Keys

_log = structlog.get_logger(__name__)
_EVERY_SECONDS = 1.0


class KnownKeys:
    """Reads the keys every second, beside the calls.

    What was read last is kept in `file` too, for a start without the database: it holds no secrets.
    """

    def __init__(self, keys: Keys, fetch: Callable[[], Sequence[ProxyKey]], file: Path) -> None:
        self._keys = keys
        self._fetch = fetch
        self._file = file
        self._last: tuple[ProxyKey, ...] | None = None
        self._task: asyncio.Task[None] | None = None
        self.trouble: str | None = "the keys are not read yet"

    async def start(self) -> None:
        """Reads them, and goes on to."""
        await self._read()
        if self._last is None:
            self._take(_kept(self._file))
        self._task = asyncio.get_running_loop().create_task(self._go_on())

    def stop(self) -> None:
        """Reads no more."""
        if self._task is not None:
            self._task.cancel()

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self._read()

    async def _read(self) -> None:
        try:
            rows = tuple(await asyncio.to_thread(self._fetch))
        except (DBAPIError, TracehubError, OSError) as error:
            _log.debug("the keys could not be read", error=str(error))
            return
        if rows != self._last:
            self._take(rows)
            await asyncio.to_thread(_keep, self._file, rows)

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
