"""Writes what it is given to files, in groups, and never makes anybody wait: what it cannot keep it refuses."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

import structlog

from tracehub.spool.entries import MAGIC, NO_CALL, OVERHEAD, SUFFIX, Kind, encode
from tracehub.spool.folders import hold_as_writer, size_of, sync_folder

_log = structlog.get_logger(__name__)
_SEGMENT_BYTES = 16 * 1024 * 1024
_GROUP_SECONDS = 0.1
_GROUP_BYTES = 1024 * 1024
_MEASURE_SECONDS = 0.5
# Calls whose loss is still to be noted on a disk that takes nothing; those beyond are noted when the proxy ends.
_MOST_OWED = 100_000


class SpoolWriter:
    """One process's spool in a folder of its own below `root`, which is made when there is something to write.

    At most `most_bytes` lie in all spools below `root`, and at most `buffer_bytes` wait in memory for the disk. What
    was added is durable about a tenth of a second later. `refused` counts the entries that could not be kept, `lost`
    the calls they belong to. Where the beginning of such a call may lie on disk, LOST is written behind it.
    """

    def __init__(self, root: Path, *, most_bytes: int, buffer_bytes: int = 16 * 1024 * 1024) -> None:
        self._root = root
        self._most_bytes = most_bytes
        self._buffer_bytes = buffer_bytes
        self._folder: Path | None = None
        self._owned: IO[bytes] | None = None
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        # Whether the end of the call waits too.
        self._waiting_calls: dict[int, bool] = {}
        # Calls that go on and of which nothing more is taken.
        self._lost: set[int] = set()
        # Calls behind whose beginning LOST is to be written, with the time of the loss.
        self._owed: dict[int, int] = {}
        self._on_disk = 0
        # Whether something was refused since the last look for want of room.
        self._was_full = False
        self._measured_at: float | None = None
        self._file: IO[bytes] | None = None
        self._number = 0
        self._written = 0
        self._stop = threading.Event()
        self._full = threading.Event()
        self.refused = 0
        self.lost = 0
        self.failing: str | None = None
        self._measure()
        self._thread = threading.Thread(target=self._run, name="tracehub-spool", daemon=True)
        self._thread.start()

    @property
    def depth(self) -> int:
        """The bytes that wait, on disk and in memory."""
        return self._on_disk + self._waiting_bytes

    def add(self, call: int, kind: Kind, at: int, data: bytes) -> bool:
        """Takes an entry; False where there is no room for it, or where one of the same call was lost. After CLOSED
        nothing more may be added to a call."""
        size = OVERHEAD + len(data)
        with self._lock:
            is_lost = call in self._lost
            is_full = self.depth + size > self._most_bytes
            self._was_full |= is_full
            if is_lost or is_full or self._waiting_bytes + size > self._buffer_bytes:
                self.refused += 1
                if not is_lost:
                    self._lose(call, at, begun=kind != Kind.OPENED)
                if kind == Kind.CLOSED:
                    self._lost.discard(call)
                return False
            self._waiting.append(encode(call, kind, at, data))
            self._waiting_bytes += size
            self._waiting_calls[call] = kind == Kind.CLOSED
            if self._waiting_bytes >= _GROUP_BYTES:
                self._full.set()
        return True

    def flush(self) -> None:
        """Writes what waits now, as far as the disk takes it."""
        with self._flushing:
            self._flush()

    def close(self) -> None:
        """Writes what waits, as far as the disk allows, and lets others take the folder."""
        self._stop.set()
        self._full.set()
        self._thread.join()
        self._measured_at = None
        self.flush()
        if self._file is not None:
            self._file.close()
        if self._owned is not None:
            self._owned.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._full.wait(_GROUP_SECONDS)
            self._full.clear()
            try:
                self.flush()
            except Exception:  # the outermost loop: with it all later calls would be lost
                _log.exception("the proxy's spool could not be written")

    def _flush(self) -> None:
        due = self._measured_at is None or time.monotonic() - self._measured_at > _MEASURE_SECONDS
        if due:
            self._measure()
            self._make_room()
        with self._lock:
            if not self._waiting and not (due and self._owed):
                return
            group, calls, owed = self._waiting, self._waiting_calls, self._owed
            self._waiting, self._waiting_calls, self._owed = [], {}, {}
        losses = b"".join(encode(call, Kind.LOST, at, b"") for call, at in owed.items())
        # Before the group for calls that have a gap before it, behind it for those that begin in it.
        data = b"".join([losses, *group, losses])
        try:
            self._write(data)
        except OSError as error:
            self._give_up(len(group), calls, owed, error)
        else:
            self._on_disk += len(data)
            self._recovered()
        with self._lock:
            self._waiting_bytes -= len(data) - 2 * len(losses)

    def _measure(self) -> None:
        self._measured_at = time.monotonic()
        # A folder may go while it is looked at; then the next look tells.
        with suppress(OSError):
            self._on_disk = size_of(self._root)

    def _make_room(self) -> None:
        """A full spool's last file is left too, for what is being written to is never removed by who reads."""
        was_full, self._was_full = self._was_full, False
        if was_full and self._file is not None and self._written > len(MAGIC):
            # Where the disk takes nothing the next group is told.
            with suppress(OSError):
                self._next_file()

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
        folder = self._own_folder()
        self._number += 1
        self._written = 0
        self._file = (folder / f"{self._number:010}{SUFFIX}").open("xb", buffering=0)
        _write_all(self._file, MAGIC)
        self._written = len(MAGIC)
        self._on_disk += len(MAGIC)
        sync_folder(folder)

    def _own_folder(self) -> Path:
        """Made at first, and again where somebody removed it."""
        if self._folder is None or not self._folder.is_dir():
            if self._owned is not None:
                self._owned.close()
                self._owned = None
            folder = self._root / f"{time.time_ns():020}-{uuid4().hex[:8]}"
            self._owned = hold_as_writer(folder)
            self._folder = folder
        return self._folder

    def _give_up(self, entries: int, calls: dict[int, bool], owed: dict[int, int], error: OSError) -> None:
        """The disk refused a group: its calls are kept no further, and a new file is begun next time."""
        if self.failing is None:
            _log.error("the proxy's spool cannot be written", error=str(error))
        self.failing = str(error)
        self._leave_file()
        at = time.time_ns() // 1000
        with self._lock:
            self.refused += entries
            self._owed = owed | self._owed
            for call, closed in calls.items():
                if call not in self._lost and call not in self._owed:
                    self._lose(call, at, begun=True)
                if closed or self._waiting_calls.get(call):
                    self._lost.discard(call)

    def _recovered(self) -> None:
        if self.failing is not None:
            _log.info("the proxy's spool can be written again", calls_lost=self.lost)
        self.failing = None

    def _leave_file(self) -> None:
        """What was written before the group stays; a file without anything is not left behind."""
        file, self._file = self._file, None
        if file is None:
            return
        with suppress(OSError):
            os.ftruncate(file.fileno(), self._written)
            if self._written <= len(MAGIC):
                Path(file.name).unlink()
        file.close()

    def _lose(self, call: int, at: int, *, begun: bool) -> None:
        if call == NO_CALL:
            return
        self.lost += 1
        self._lost.add(call)
        if begun and len(self._owed) < _MOST_OWED:
            self._owed[call] = at


def _write_all(file: IO[bytes], data: bytes) -> None:
    """A full disk takes a part first, and only then says no."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
