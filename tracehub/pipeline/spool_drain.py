"""Takes what proxies of this machine spooled into the database."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError

from tracehub.bedrock.captured_call import Answered, CapturedCall, Closed, Opened, State, decoded
from tracehub.bedrock.found import Findings
from tracehub.errors import TracehubError
from tracehub.model.record import Decoded, Limits
from tracehub.spool import folders
from tracehub.spool.entries import Entry, Kind, read

_log = structlog.get_logger(__name__)
_BATCH_BYTES = 4 * 1024 * 1024
_LONGEST_PAUSE = 30.0
_CHECKPOINT = "read.msgpack"


class Found(msgspec.Struct, frozen=True):
    """What a batch of entries held: what was decoded, when each key was used last (microseconds since 1970 UTC), and of
    how many calls not all could be kept."""

    decoded: Decoded
    uses: dict[str, int]
    lost: int


# Returns when it is durable.
Store = Callable[[Found], object]


class Checkpoint(msgspec.Struct, kw_only=True):
    """Up to where one writer's files are stored: the file's name, the place in it, the time of the last entry, and the
    calls that still run."""

    segment: str = ""
    place: int = 0
    last_at: int = 0
    calls: dict[int, State] = {}


class SpoolDrain:
    """Reads the spools below `root` in a thread; of several processes of a machine one reads at a time.

    What was stored but not yet ticked off, when a process dies, is read again: its events are known by then.
    """

    def __init__(self, root: Path, store: Store, limits: Limits, *, every_seconds: float = 0.5) -> None:
        self._root = root
        self._store = store
        self._limits = limits
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracehub-drain", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after what lies there now, if that can be stored."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        pause = self._every_seconds
        while True:
            last = self._stop.wait(pause)
            try:
                if self._root.is_dir():
                    with folders.reading(self._root) as mine:
                        if mine:
                            self.drain()
                pause = self._every_seconds
            except (DBAPIError, TracehubError, OSError) as error:
                _log.warning("the proxy's spool has to wait", error=str(error))
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception:  # the outermost loop: calls go on, and so must this
                _log.exception("the proxy's spool could not be read")
                pause = min(pause * 2, _LONGEST_PAUSE)
            if last:
                return

    def drain(self) -> None:
        """Stores all that lies there now; what the store raises passes through, and nothing is lost by it."""
        for folder in folders.spools(self._root):
            # Asked first: what a writer that is gone now has written lies there already.
            abandoned = folders.is_abandoned(folder)
            checkpoint = _load(folder)
            while self._step(folder, checkpoint, abandoned=abandoned):
                checkpoint = _load(folder)
            if abandoned:
                self._end(_load(folder))
                folders.remove(folder)

    def _step(self, folder: Path, checkpoint: Checkpoint, *, abandoned: bool) -> bool:
        """Stores about a batch; whether there may be more."""
        segments = _unread(folder, checkpoint)
        if not segments:
            return False
        file = segments[0]
        found = read(file, checkpoint.place if file.name == checkpoint.segment else 0, _BATCH_BYTES)
        reading = _Reading(checkpoint, self._limits)
        for entry in found.entries:
            reading.take(entry)
        self._keep(reading)
        checkpoint.segment, checkpoint.place = file.name, found.end
        checkpoint.last_at, checkpoint.calls = reading.last_at, reading.states()
        read_up = not found.entries and (len(segments) > 1 or abandoned)
        if read_up:
            if found.torn:
                _log.error("the end of a file of the proxy's spool is damaged", file=str(file), place=found.end)
            checkpoint.segment, checkpoint.place = file.name + "~", 0
        if found.entries or read_up:
            _save(folder, checkpoint, durable=read_up)
        if read_up:
            file.unlink()
        return bool(found.entries) or read_up

    def _end(self, checkpoint: Checkpoint) -> None:
        """The writer is gone: what it did not see the end of is over."""
        reading = _Reading(checkpoint, self._limits)
        reading.break_off()
        self._keep(reading)

    def _keep(self, reading: "_Reading") -> None:
        found = Found(decoded(reading.findings), reading.uses, reading.lost)
        if found.decoded.records or found.uses or found.lost:
            self._store(found)


class _Reading:
    """One batch of entries of one writer."""

    def __init__(self, checkpoint: Checkpoint, limits: Limits) -> None:
        self.findings = Findings(limits)
        self.uses: dict[str, int] = {}
        self.lost = 0
        self._calls = {number: CapturedCall(state, self.findings) for number, state in checkpoint.calls.items()}
        self.last_at = checkpoint.last_at

    def take(self, entry: Entry) -> None:
        self.last_at = max(self.last_at, entry.at)
        if entry.kind == Kind.USED:
            self.uses[entry.data.decode()] = entry.at
        elif entry.kind == Kind.LOST and not entry.call:
            self.lost += int(entry.data)
        elif entry.kind == Kind.OPENED:
            opened = msgspec.json.decode(entry.data, type=Opened)
            self._calls[entry.call] = CapturedCall(State(opened=opened, opened_at=entry.at), self.findings)
        elif (call := self._calls.get(entry.call)) is not None:
            try:
                self._go_on(call, entry)
            except (ValueError, TypeError, RecursionError) as error:
                # Else no other call would ever be stored.
                self._calls.pop(entry.call, None)
                self.findings.quarantine(f"what the proxy kept of a call cannot be read: {error}", entry.data)

    def break_off(self) -> None:
        """Ends every call that runs."""
        for call in self._calls.values():
            call.closed(Closed(end="failed", error="the proxy was stopped in the middle of the call"), self.last_at)

    def states(self) -> dict[int, State]:
        return {number: call.state for number, call in self._calls.items()}

    def _go_on(self, call: CapturedCall, entry: Entry) -> None:
        match entry.kind:
            case Kind.ANSWERED:
                call.answered(msgspec.json.decode(entry.data, type=Answered), entry.at)
            case Kind.BYTES:
                call.data(entry.data, entry.at)
            case Kind.CLOSED:
                call.closed(msgspec.json.decode(entry.data, type=Closed), entry.at)
                del self._calls[entry.call]
            case Kind.LOST:
                call.closed(Closed(end="failed", error="the rest was not kept: the proxy's spool was full"), entry.at)
                del self._calls[entry.call]


def _unread(folder: Path, checkpoint: Checkpoint) -> list[Path]:
    """The files from the checkpoint on; one before it was stored by somebody who died before removing it."""
    unread = []
    for file in folders.segments(folder):
        if file.name >= checkpoint.segment:
            unread.append(file)
        else:
            file.unlink()
    return unread


def _load(folder: Path) -> Checkpoint:
    file = folder / _CHECKPOINT
    return msgspec.msgpack.decode(file.read_bytes(), type=Checkpoint) if file.exists() else Checkpoint()


def _save(folder: Path, checkpoint: Checkpoint, *, durable: bool) -> None:
    """Written whole or not at all. It has to be durable only before a file goes: what is read again is known."""
    new = folder / f"{_CHECKPOINT}.new"
    with new.open("wb") as file:
        file.write(msgspec.msgpack.encode(checkpoint))
        if durable:
            file.flush()
            os.fsync(file.fileno())
    new.replace(folder / _CHECKPOINT)
    if durable:
        folders.sync_folder(folder)
