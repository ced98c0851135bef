"""Where spools lie: a folder for all of a machine, in it one for each process that writes."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tracehub.spool.entries import SUFFIX

_WRITER = "writer.lock"
_READER = "reader.lock"
# Nanoseconds since 1970 UTC, and what tells those of the same moment apart. Whatever else lies there is not ours.
_NAME = re.compile(r"\d{20}-[0-9a-f]{8}")


@contextmanager
def held(folder: Path, name: str) -> Iterator[bool]:
    """Whether this process alone holds a lock of the folder; the kernel takes it back from whoever dies."""
    with (folder / name).open("ab") as file:
        yield _lock(file)


def hold_as_writer(folder: Path) -> IO[bytes]:
    """Makes a folder that counts as written to until the file that is given back is closed.

    It has its name only once it is held: a reader that came between would take it for abandoned, and remove it.
    """
    hidden = folder.with_name(f".{folder.name}")
    hidden.mkdir(parents=True, mode=0o700)
    file = (hidden / _WRITER).open("ab")
    try:
        _lock(file)
        hidden.rename(folder)
    except OSError:
        file.close()
        raise
    return file


@contextmanager
def reading(root: Path) -> Iterator[bool]:
    """Whether this process is the one that reads the spools of this machine now."""
    root.mkdir(parents=True, mode=0o700, exist_ok=True)
    with held(root, _READER) as mine:
        yield mine


def is_abandoned(folder: Path) -> bool:
    """Whether nobody writes there any more; so too where its removal was begun."""
    with held(folder, _WRITER) as free:
        return free


def spools(root: Path) -> list[Path]:
    """The folders of all writers, the oldest first."""
    return (
        sorted(path for path in root.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()) if root.is_dir() else []
    )


def segments(folder: Path) -> list[Path]:
    """The files of one writer in the order in which they were written."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def size_of(root: Path) -> int:
    """The bytes that all spools take."""
    return sum(_size(file) for folder in spools(root) for file in segments(folder))


def remove(folder: Path) -> None:
    """Removes a folder that was read to its end; what says so goes last, so that it can be repeated."""
    for file in sorted(folder.iterdir(), key=lambda file: file.name == _WRITER):
        file.unlink(missing_ok=True)
    folder.rmdir()


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
