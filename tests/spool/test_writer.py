"""The writer keeps what it took, refuses what it has no room for, and outlives a full disk."""

import resource
import subprocess
import sys
import threading
from pathlib import Path

from tests.conftest import CHECKOUT
from tracehub.spool import folders
from tracehub.spool.entries import Entry, Kind, read
from tracehub.spool.writer import SpoolWriter

MIB = 1024 * 1024


def test_what_was_added_lies_on_disk_in_order(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, most_bytes=100 * MIB)
    for number in range(5000):
        assert writer.add(number % 7, Kind.BYTES, number, b"%d" % number)
    writer.close()
    assert [entry.data for entry in _all(tmp_path)] == [b"%d" % number for number in range(5000)]
    assert writer.depth == folders.size_of(tmp_path)


def test_files_are_begun_anew_before_they_grow_large(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, most_bytes=200 * MIB, buffer_bytes=200 * MIB)
    for number in range(40):
        assert writer.add(1, Kind.BYTES, number, bytes(MIB))
        writer.flush()
    writer.close()
    files = folders.segments(folders.spools(tmp_path)[0])
    assert len(files) > 1
    assert all(file.stat().st_size <= 17 * MIB for file in files)
    assert [entry.at for entry in _all(tmp_path)] == list(range(40))


def test_what_would_not_fit_is_refused_and_counted(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, most_bytes=MIB)
    taken = [writer.add(number, Kind.OPENED, 0, bytes(100_000)) for number in range(20)]
    writer.close()
    assert taken == [True] * taken.count(True) + [False] * taken.count(False)
    assert 0 < taken.count(True) <= 10
    assert writer.refused == taken.count(False)
    assert len(_all(tmp_path)) == taken.count(True)


def test_room_comes_back_when_what_was_read_is_removed(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, most_bytes=MIB)
    while writer.add(1, Kind.BYTES, 0, bytes(100_000)):
        pass
    writer.flush()
    for file in folders.segments(folders.spools(tmp_path)[0]):
        file.write_bytes(b"")
    writer._measured_at = 0
    writer.flush()
    assert writer.add(2, Kind.BYTES, 0, bytes(100_000))
    writer.close()


def test_a_disk_that_takes_no_more_costs_the_calls_of_that_group_alone(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands in for the disk: a write beyond it takes a part, and then fails."""
    code = """
import resource, signal, sys
from pathlib import Path
from tracehub.spool.entries import Kind
from tracehub.spool.writer import SpoolWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = SpoolWriter(Path(sys.argv[1]), most_bytes=10**9)
writer.add(1, Kind.BYTES, 1, b"kept"); writer.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
writer.add(1, Kind.BYTES, 2, bytes(5000)); writer.add(2, Kind.BYTES, 3, b"in the same group"); writer.flush()
assert writer.failing, writer.failing
assert not writer.add(1, Kind.BYTES, 4, b"behind a gap")
assert not writer.add(1, Kind.CLOSED, 5, b"")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert writer.add(3, Kind.BYTES, 6, b"after"); writer.flush()
assert writer.failing is None
writer.close()
print(writer.refused, writer.lost)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "4 2"
    found = [(entry.call, entry.kind) for entry in _all(tmp_path)]
    losses = [(1, Kind.LOST), (2, Kind.LOST)]
    assert found == [(1, Kind.BYTES), *losses, (3, Kind.BYTES), *losses]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_call_that_begins_and_is_lost_in_one_group_says_so_behind_its_beginning(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, most_bytes=100 * MIB, buffer_bytes=1000)
    with writer._flushing:
        assert writer.add(1, Kind.OPENED, 1, b"begins")
        assert not writer.add(1, Kind.BYTES, 2, bytes(2000))
        assert not writer.add(1, Kind.CLOSED, 3, b"ends")
    writer.close()
    assert (writer.refused, writer.lost) == (2, 1)
    assert [entry.kind for entry in _all(tmp_path)][-2:] == [Kind.OPENED, Kind.LOST]


def test_a_folder_is_abandoned_only_when_its_writer_is_gone(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, most_bytes=MIB)
    writer.add(1, Kind.BYTES, 0, b"first")
    writer.flush()
    folder = folders.spools(tmp_path)[0]
    assert not folders.is_abandoned(folder)
    writer.close()
    assert folders.is_abandoned(folder)


def test_a_folder_whose_removal_broke_off_is_removed_in_the_end(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, most_bytes=MIB)
    writer.add(1, Kind.BYTES, 0, b"first")
    writer.close()
    (folder,) = folders.spools(tmp_path)
    (folder / "writer.lock").unlink()
    assert folders.is_abandoned(folder)
    folders.remove(folder)
    assert not folders.spools(tmp_path)


def test_a_folder_has_its_name_only_once_it_is_held(tmp_path: Path) -> None:
    """A reader that looks all the while never finds one that is abandoned."""
    found: list[bool] = []
    enough = threading.Event()

    def look() -> None:
        while not enough.is_set():
            found.extend(folders.is_abandoned(folder) for folder in folders.spools(tmp_path))

    reader = threading.Thread(target=look)
    reader.start()
    held = [folders.hold_as_writer(tmp_path / f"{number:020}-00000000") for number in range(300)]
    enough.set()
    reader.join()
    assert found
    assert not any(found)
    for file in held:
        file.close()


def test_what_else_lies_beside_the_spools_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    assert not folders.spools(tmp_path)


def _all(root: Path) -> list[Entry]:
    files = [file for folder in folders.spools(root) for file in folders.segments(folder)]
    return [entry for file in files for entry in read(file, 0, 10**9).entries]
