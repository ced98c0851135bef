"""Pieces that look like traces but cannot be read, kept with their bytes and the reason."""

from collections.abc import Iterable, Sequence
from typing import Any

import zstandard
from sqlalchemy import Connection, Row, delete, func, select, update

from tracehub.errors import NotFoundError
from tracehub.model.listing import Key, Page, QuarantineRow
from tracehub.model.record import Quarantined
from tracehub.store.dialect import insert_missing
from tracehub.store.paging import keyset_page
from tracehub.store.schema import DEFAULT_PROJECT, quarantine
from tracehub.store.text import clean

_FIELDS = QuarantineRow.__struct_fields__
_COLUMNS = [quarantine.c[name] for name in _FIELDS]
# The first block of zstd holds at most 128 KiB, compressed or not; a few more bytes are the headers before it.
_FIRST_BLOCK = 128 * 1024 + 64


def add(
    connection: Connection,
    pieces: Iterable[Quarantined],
    *,
    source: str,
    received_at: int,
    project: str = DEFAULT_PROJECT,
) -> None:
    """Keeps these pieces; one that is kept already (same bytes) stays as it is."""
    compressor = zstandard.ZstdCompressor(level=3)
    insert_missing(
        connection,
        quarantine,
        [
            {
                "project_id": project,
                "sha256": piece.sha256,
                "received_at": received_at,
                "source": clean(source, 1000),
                "reason": clean(piece.reason, 1000),
                "size": piece.size,
                "data": compressor.compress(piece.data),
                "tries": 1,
            }
            for piece in {piece.sha256: piece for piece in pieces}.values()
        ],
    )


def page(
    connection: Connection, *, older_than: Key | None = None, limit: int, project: str = DEFAULT_PROJECT
) -> Page[QuarantineRow]:
    """Quarantined pieces, the latest first."""
    return keyset_page(
        connection,
        select(*_COLUMNS).where(quarantine.c.project_id == project),
        (quarantine.c.received_at, quarantine.c.sha256),
        row=_row,
        key=lambda row: Key(row.received_at, row.sha256),
        older_than=older_than,
        limit=limit,
    )


def one(connection: Connection, sha256: str, *, project: str = DEFAULT_PROJECT) -> QuarantineRow:
    """One piece; NotFoundError where there is none."""
    query = select(*_COLUMNS).where(quarantine.c.project_id == project, quarantine.c.sha256 == sha256)
    found = connection.execute(query).first()
    if found is None:
        msg = f"nothing is quarantined under {sha256}"
        raise NotFoundError(msg)
    return _row(found)


def beginnings(
    connection: Connection, ids: Sequence[str], most: int, *, project: str = DEFAULT_PROJECT
) -> dict[str, bytes]:
    """The first `most` bytes (at most 128 KiB) of these pieces by id; what is gone is left out."""
    query = select(quarantine.c.sha256, func.substr(quarantine.c.data, 1, _FIRST_BLOCK)).where(
        quarantine.c.project_id == project, quarantine.c.sha256.in_(ids)
    )
    decompressor = zstandard.ZstdDecompressor()
    return {row[0]: decompressor.stream_reader(row[1]).read(most) for row in connection.execute(query)}


def data(connection: Connection, sha256: str, *, project: str = DEFAULT_PROJECT) -> bytes:
    """The bytes kept of a piece; NotFoundError where there is none."""
    query = select(quarantine.c.data).where(quarantine.c.project_id == project, quarantine.c.sha256 == sha256)
    found = connection.scalar(query)
    if found is None:
        msg = f"nothing is quarantined under {sha256}"
        raise NotFoundError(msg)
    return zstandard.ZstdDecompressor().decompress(found)


def is_whole(connection: Connection, sha256: str, *, project: str = DEFAULT_PROJECT) -> bool:
    """Whether all bytes of a piece were kept."""
    query = select(quarantine.c.size).where(quarantine.c.project_id == project, quarantine.c.sha256 == sha256)
    return connection.scalar(query) == len(data(connection, sha256, project=project))


def resolve(connection: Connection, start: str, *, project: str = DEFAULT_PROJECT) -> str:
    """The one piece whose id begins with `start`; NotFoundError where none or several do."""
    found = [piece for piece in every_id(connection, project=project) if piece.startswith(start.lower())]
    if len(found) != 1:
        msg = f"{'nothing is' if not found else f'{len(found)} pieces are'} quarantined under {start}"
        raise NotFoundError(msg)
    return found[0]


def every_id(connection: Connection, *, project: str = DEFAULT_PROJECT) -> tuple[str, ...]:
    """The ids of all quarantined pieces."""
    query = select(quarantine.c.sha256).where(quarantine.c.project_id == project)
    return tuple(connection.scalars(query.order_by(quarantine.c.received_at, quarantine.c.sha256)))


def tried(connection: Connection, sha256: str, reason: str, *, project: str = DEFAULT_PROJECT) -> None:
    """Notes that a piece was tried again in vain, and why."""
    of_this = (quarantine.c.project_id == project, quarantine.c.sha256 == sha256)
    connection.execute(
        update(quarantine).where(*of_this).values(tries=quarantine.c.tries + 1, reason=clean(reason, 1000))
    )


def release(connection: Connection, sha256: str, *, project: str = DEFAULT_PROJECT) -> None:
    """Removes a piece that has been read after all."""
    connection.execute(delete(quarantine).where(quarantine.c.project_id == project, quarantine.c.sha256 == sha256))


def _row(row: Row[Any]) -> QuarantineRow:
    return QuarantineRow(**dict(zip(_FIELDS, row, strict=True)))
