"""Rows as a Parquet file, written group by group; pyarrow comes with `tracehub[parquet]`."""

import io
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any

from tracehub.errors import PermanentError
from tracehub.web.twins.values import Columns, Rows

if TYPE_CHECKING:
    import pyarrow

ROWS_A_GROUP = 20_000


def require_pyarrow() -> None:
    """PermanentError where Parquet cannot be written here."""
    if find_spec("pyarrow") is None:
        msg = "Parquet needs pyarrow, which is not installed here: pip install 'tracehub[parquet]'"
        raise PermanentError(msg)


def parquet(columns: Columns, rows: Rows) -> Iterator[bytes]:
    """The file in pieces, one row group held at a time."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = _schema(columns)
    out = _Pieces()
    remaining = iter(rows)
    with ParquetWriter(out, schema, compression="zstd") as writer:
        while group := list(islice(remaining, ROWS_A_GROUP)):
            values = zip(*group, strict=True)
            arrays = [pyarrow.array(column, type=field.type) for column, field in zip(values, schema, strict=True)]
            writer.write_table(pyarrow.table(arrays, schema=schema))
            yield out.taken()
    yield out.taken()


class _Pieces(io.RawIOBase):
    """A file that is written on and on, and whose content is taken away meanwhile."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._taken = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def tell(self) -> int:
        return self._taken + len(self._held)

    def taken(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._held)
        self._taken += len(data)
        self._held.clear()
        return data


def _schema(columns: Columns) -> "pyarrow.Schema":
    import pyarrow

    types = {
        "text": pyarrow.string(),
        "whole": pyarrow.int64(),
        "number": pyarrow.float64(),
        "flag": pyarrow.bool_(),
        "moment": pyarrow.timestamp("us", tz="UTC"),
    }
    return pyarrow.schema([(name, types[kind]) for name, kind in columns])
