"""Decompresses gzip and zstd within bounds, piece by piece."""

import zlib
from collections.abc import Callable, Iterable, Iterator

import zstandard

from tracehub.bedrock.gunzip import Gunzip
from tracehub.bedrock.unzstd import Unzstd
from tracehub.errors import LimitExceededError, UndecodableError
from tracehub.model.record import Limits

_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MAGIC = max(len(_GZIP), len(_ZSTD))
# Small inputs may unfold far: the ratio counts from here on.
_FREE = 1024 * 1024
_LAYERS = 2


def plain_chunks(
    chunks: Iterable[bytes], limits: Limits, tell: Callable[[str], None], *, most: int | None = None
) -> Iterator[bytes]:
    """The content of `chunks` without compression; never raises on content.

    Compression inside compression is undone once. Where the data is damaged, or unfolds beyond
    `max_decompression_ratio` or, if given, beyond `most` bytes (`max_document_bytes`), `tell` hears the reason and the
    content ends there.
    """
    for _ in range(_LAYERS):
        chunks = _one_layer(chunks, limits, tell, most)
    return iter(chunks)


def is_compressed(data: bytes) -> bool:
    """Whether `data` begins as gzip or zstd does."""
    return data.startswith((_GZIP, _ZSTD))


def _one_layer(
    chunks: Iterable[bytes], limits: Limits, tell: Callable[[str], None], most: int | None
) -> Iterator[bytes]:
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= _MAGIC:
            break
    if not is_compressed(head):
        if head:
            yield head
        yield from source
        return
    try:
        yield from _inflated(head, source, limits, most)
    except (UndecodableError, LimitExceededError) as error:
        tell(str(error))


def _inflated(head: bytes, source: Iterator[bytes], limits: Limits, most: int | None) -> Iterator[bytes]:
    inflater = Gunzip() if head.startswith(_GZIP) else Unzstd()
    read = written = 0
    chunk: bytes | None = head
    while chunk is not None:
        read += len(chunk)
        for piece in _pieces(inflater, chunk):
            written += len(piece)
            if written > max(_FREE, read * limits.max_decompression_ratio):
                msg = f"it unfolds beyond max_decompression_ratio ({limits.max_decompression_ratio})"
                raise LimitExceededError(msg, "max_decompression_ratio")
            if most is not None and written > most:
                msg = f"it unfolds beyond max_document_bytes ({most})"
                raise LimitExceededError(msg, "max_document_bytes")
            yield piece
        chunk = next(source, None)
    inflater.close()


def _pieces(inflater: Gunzip | Unzstd, chunk: bytes) -> Iterator[bytes]:
    try:
        yield from inflater.feed(chunk)
    except (zlib.error, zstandard.ZstdError) as error:
        msg = f"the compressed data is damaged: {error}"
        raise UndecodableError(msg) from error
