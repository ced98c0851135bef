"""Entries are read as they were written, up to the first that is not whole."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.spool.entries import MAGIC, Entry, Kind, encode, read

ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 2**64 - 1), st.sampled_from(Kind), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=300)
    ),
    max_size=8,
)


@given(ENTRIES, st.integers(1, 500))
def test_what_was_written_is_read_in_steps_of_any_size(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[int, Kind, int, bytes]], step: int
) -> None:
    file = _file(tmp_path_factory, b"".join(encode(*entry) for entry in entries))
    found: list[Entry] = []
    place = 0
    while (segment := read(file, place, step)).entries:
        assert not segment.torn
        found += segment.entries
        place = segment.end
    assert [tuple(entry) for entry in found] == entries


@given(ENTRIES.filter(bool), st.data())
def test_a_file_that_was_cut_off_gives_all_that_is_whole(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[int, Kind, int, bytes]], data: st.DataObject
) -> None:
    written = [encode(*entry) for entry in entries]
    content = b"".join(written)
    cut = data.draw(st.integers(0, len(content)))
    segment = read(_file(tmp_path_factory, content[:cut]), 0, 1_000_000)
    whole = next(n for n in range(len(written), -1, -1) if len(b"".join(written[:n])) <= cut)
    assert [tuple(entry) for entry in segment.entries] == entries[:whole]
    assert segment.torn is (len(b"".join(written[:whole])) < cut)


@given(ENTRIES.filter(bool), st.data())
def test_a_damaged_byte_ends_the_reading_there(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[int, Kind, int, bytes]], data: st.DataObject
) -> None:
    content = bytearray(b"".join(encode(*entry) for entry in entries))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    segment = read(_file(tmp_path_factory, bytes(content)), 0, 1_000_000)
    assert segment.torn
    assert [tuple(entry) for entry in segment.entries] == entries[: len(segment.entries)]
    assert len(segment.entries) < len(entries)


def _file(folders: pytest.TempPathFactory, content: bytes) -> Path:
    file = folders.mktemp("spool") / "1.spool"
    file.write_bytes(MAGIC + content)
    return file
