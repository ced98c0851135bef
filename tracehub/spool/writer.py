"""Writes what it is given to files, in groups, and never makes anybody wait: what it cannot keep it refuses."""

import os
import threading
import time
from pathlib import Path
from typing import IO
from uuid import uuid4

import structlog

from tracehub.spool.entries import MAGIC, OVERHEAD, SUFFIX, Kind, encode
from tracehub.spool.folders import hold_as_writer, size_of, sync_folder

_log = structlog.get_logger(__name__)
_SEGMENT_BYTES = 16 * 1024 * 1024
_GROUP_SECONDS = 0.1
_GROUP_BYTES = 1024 * 1024
_MEASURE_SECONDS = 0.5
_SHUT_SECONDS = 1.0


class SpoolWriter:
    """One process's spool in a folder of its own below `root`.

    At most `most_bytes` lie in all spools below `root`, and at most `buffer_bytes` wait in memory for the disk. What
    was added is durable about a tenth of a second later. `refused` counts the entries that could not be kept.
    """

    def __init__(self, root: Path, *, most_bytes: int, buffer_bytes: int = 16 * 1024 * 1024) -> None:
        self._root = root
        self._most_bytes = most_bytes
        self._buffer_bytes = buffer_bytes
        self._folder = root / f"{time.time_ns():020}-{uuid4().hex[:8]}"
        self._owned = hold_as_writer(self._folder)
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._waiting_calls: set[int] = set()
        self._lost: set[int] = set()
        self._on_disk = size_of(root)
        self._measured_at = 0.0
        self._file: IO[bytes] | None = None
        self._number = 0
        self._written = 0
        self._shut_until = 0.0
        self._stop = threading.Event()
        self._full = threading.Event()
        self.refused = 0
        self.failing: str | None = None
        self._thread = threading.Thread(target=self._run, name="tracehub-spool", daemon=True)
        self._thread.start()

    @property
    def depth(self) -> int:
        """The bytes that wait, on disk and in memory."""
        return self._on_disk + self._waiting_bytes

    def add(self, call: int, kind: Kind, at: int, data: bytes) -> bool:
        """Takes an entry; False where there is no room for it, or where one of the same call was lost."""
        size = OVERHEAD + len(data)
        with self._lock:
            over = self._waiting_bytes + size > self._buffer_bytes or self.depth + size > self._most_bytes
            if over or call in self._lost or self._is_shut():
                self.refused += 1
                return False
            self._waiting.append(encode(call, kind, at, data))
            self._waiting_bytes += size
            self._waiting_calls.add(call)
            if self._waiting_bytes >= _GROUP_BYTES:
                self._full.set()
        return True

    def forget(self, call: int) -> None:
        """The call is over: nothing more will be added to it."""
        with self._lock:
            self._lost.discard(call)

    def flush(self) -> None:
        """Writes what waits now, as far as the disk takes it."""
        with self._flushing:
            self._flush()

    def close(self) -> None:
        """Writes what waits, as far as the disk allows, and lets others take the folder."""
        self._stop.set()
        self._full.set()
        self._thread.join()
        if self._file is not None:
            self._file.close()
        self._owned.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._full.wait(_GROUP_SECONDS)
            self._full.clear()
            self.flush()
        self.flush()

    def _flush(self) -> None:
        if time.monotonic() - self._measured_at > _MEASURE_SECONDS:
            self._measured_at = time.monotonic()
            self._on_disk = size_of(self._root)
        with self._lock:
            group, calls = self._waiting, self._waiting_calls
            self._waiting, self._waiting_calls = [], set()
        if not group:
            return
        data = b"".join(group)
        try:
            self._write(data)
        except OSError as error:
            self._give_up(len(group), calls, error)
        else:
            self._on_disk += len(data)
            self.failing = None
        with self._lock:
            self._waiting_bytes -= len(data)

    def _write(self, data: bytes) -> None:
        if self._file is None or self._written + len(data) > _SEGMENT_BYTES:
            self._next_file()
        assert self._file is not None
        _write_all(self._file, data)
        os.fsync(self._file.fileno())
        self._written += len(data)

    def _next_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._number += 1
        file = (self._folder / _name(self._number)).open("xb", buffering=0)
        self._file = file
        self._written = 0
        _write_all(file, MAGIC)
        self._written = len(MAGIC)
        self._on_disk += len(MAGIC)
        sync_folder(self._folder)

    def _give_up(self, entries: int, calls: set[int], error: OSError) -> None:
        """The disk refused a group: its calls are kept no further, and a new file is begun behind what is torn."""
        self.failing = str(error)
        _log.error("the proxy's spool cannot be written", error=str(error), entries=entries, calls=len(calls))
        if self._file is not None:
            self._file.close()
            self._file = None
            if self._written <= len(MAGIC):
                (self._folder / _name(self._number)).unlink(missing_ok=True)
        with self._lock:
            self._shut_until = time.monotonic() + _SHUT_SECONDS
            self.refused += entries
            self._lost |= calls

    def _is_shut(self) -> bool:
        """Whether the disk has refused something just now."""
        return self.failing is not None and time.monotonic() < self._shut_until


def _name(number: int) -> str:
    return f"{number:010}{SUFFIX}"


def _write_all(file: IO[bytes], data: bytes) -> None:
    """A full disk takes a part first, and only then says no."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
