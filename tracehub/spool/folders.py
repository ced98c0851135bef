"""Where spools lie: a folder for all of a machine, in it one for each process that writes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tracehub.spool.entries import SUFFIX

_WRITER = "writer.lock"
_READER = "reader.lock"
_HIDDEN = "."


@contextmanager
def held(folder: Path, name: str) -> Iterator[bool]:
    """Whether this process alone holds a lock of the folder; the kernel takes it back from whoever dies."""
    with (folder / name).open("ab") as file:
        yield _lock(file)


def hold_as_writer(folder: Path) -> IO[bytes]:
    """Marks a folder as written to, until the file that is given back is closed."""
    new = folder.with_name(f"{_HIDDEN}{folder.name}")
    new.mkdir(parents=True, mode=0o700)
    file = (new / _WRITER).open("ab")
    _lock(file)
    # Nobody looks at it before it is locked.
    new.rename(folder)
    return file


@contextmanager
def reading(root: Path) -> Iterator[bool]:
    """Whether this process is the one that reads the spools of this machine now."""
    root.mkdir(parents=True, mode=0o700, exist_ok=True)
    with held(root, _READER) as mine:
        yield mine


def is_abandoned(folder: Path) -> bool:
    """Whether nobody writes there any more."""
    if not (folder / _WRITER).exists():
        return False
    with held(folder, _WRITER) as free:
        return free


def spools(root: Path) -> list[Path]:
    """The folders of all writers, the oldest first."""
    return sorted(path for path in root.iterdir() if _is_spool(path)) if root.is_dir() else []


def segments(folder: Path) -> list[Path]:
    """The files of one writer in the order in which they were written."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def size_of(root: Path) -> int:
    """The bytes that all spools take."""
    return sum(_size(file) for folder in spools(root) for file in segments(folder))


def remove(folder: Path) -> None:
    """Removes a folder that was read to its end."""
    for file in folder.iterdir():
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


def _is_spool(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(_HIDDEN)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
