"""Reads and writes the headers of an application/vnd.amazon.eventstream message."""

import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tracehub.errors import UndecodableError

HeaderValue = bool | int | bytes | str | datetime | UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUE, _FALSE, _BYTE, _SHORT, _INT, _LONG, _BYTES, _TEXT, _TIME, _UUID = range(10)
_NUMBERS = {
    _BYTE: struct.Struct(">b"),
    _SHORT: struct.Struct(">h"),
    _INT: struct.Struct(">i"),
    _LONG: struct.Struct(">q"),
}
_LENGTH = struct.Struct(">H")
_LONG_FORMAT = _NUMBERS[_LONG]
_BROKEN = "the headers are cut off"


def decode_headers(data: bytes) -> dict[str, HeaderValue]:
    """The headers in `data`, all ten types; UndecodableError where they are malformed."""
    headers: dict[str, HeaderValue] = {}
    place = 0
    try:
        while place < len(data):
            end = place + 1 + data[place]
            name = data[place + 1 : end].decode("utf-8", "replace")
            headers[name], place = _decode_value(data, data[end], end + 1)
    except (IndexError, struct.error) as error:
        raise UndecodableError(_BROKEN) from error
    return headers


def _decode_value(data: bytes, kind: int, place: int) -> tuple[HeaderValue, int]:
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE, place
    if number := _NUMBERS.get(kind):
        return number.unpack_from(data, place)[0], place + number.size
    if kind in (_BYTES, _TEXT):
        start = place + 2
        end = start + _LENGTH.unpack_from(data, place)[0]
        if end > len(data):
            raise UndecodableError(_BROKEN)
        return (data[start:end] if kind == _BYTES else data[start:end].decode("utf-8", "replace")), end
    if kind == _TIME:
        return _time(_LONG_FORMAT.unpack_from(data, place)[0]), place + 8
    if kind == _UUID:
        if place + 16 > len(data):
            raise UndecodableError(_BROKEN)
        return UUID(bytes=data[place : place + 16]), place + 16
    msg = f"a header has the unknown type {kind}"
    raise UndecodableError(msg)


def _time(milliseconds: int) -> HeaderValue:
    """A moment; the bare number where no calendar reaches so far."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return milliseconds


def encode_headers(headers: Mapping[str, HeaderValue]) -> bytes:
    """The bytes of `headers`: numbers in the smallest type that holds them. ValueError for what no type holds."""
    return b"".join(_encode_name(name) + _encode_value(value) for name, value in headers.items())


def _encode_name(name: str) -> bytes:
    encoded = name.encode()
    if not 0 < len(encoded) < 256:
        msg = "a header's name has 1 to 255 bytes"
        raise ValueError(msg)
    return bytes([len(encoded)]) + encoded


def _encode_value(value: HeaderValue) -> bytes:
    match value:
        case bool():
            return bytes([_TRUE if value else _FALSE])
        case int():
            return _encode_number(value)
        case bytes():
            return _with_length(_BYTES, value)
        case str():
            return _with_length(_TEXT, value.encode())
        case datetime():
            return bytes([_TIME]) + _LONG_FORMAT.pack((value - _EPOCH) // timedelta(milliseconds=1))
        case UUID():
            return bytes([_UUID]) + value.bytes


def _encode_number(value: int) -> bytes:
    for kind, number in _NUMBERS.items():
        bound = 1 << (8 * number.size - 1)
        if -bound <= value < bound:
            return bytes([kind]) + number.pack(value)
    msg = "a header's number has at most 64 bits"
    raise ValueError(msg)


def _with_length(kind: int, value: bytes) -> bytes:
    if len(value) > 0x7FFF:
        msg = "a header's value has at most 32,767 bytes"
        raise ValueError(msg)
    return bytes([kind]) + _LENGTH.pack(len(value)) + value
