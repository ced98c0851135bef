"""Reads what CloudWatch Logs subscriptions deliver, with the identity of every log event (envelope 12)."""

import json
import zlib
from collections.abc import Iterator
from typing import cast

import msgspec
import orjson

from tracehub.bedrock.compression import plain_chunks
from tracehub.members import Json
from tracehub.model.collected import LogEvent, LogStream
from tracehub.model.record import Limits

_GZIP = b"\x1f\x8b"
_SNIFFED = 512
_SIGN = b'"messageType"'
_WITH_GZIP_HEADER = 31
_JSON = json.JSONDecoder()


class _Event(msgspec.Struct):
    id: str
    timestamp: int
    message: str


class _Payload(msgspec.Struct, rename="camel"):
    message_type: str
    log_group: str = ""
    log_stream: str = ""
    owner: str = ""
    log_events: list[_Event] = []


class Delivery(msgspec.Struct, frozen=True):
    """Events of one stream, in their order."""

    stream: LogStream
    events: tuple[LogEvent, ...]


def read_deliveries(data: bytes, limits: Limits) -> tuple[Delivery, ...] | None:
    """The deliveries in `data`, one or many run together, plain or gzip; none where it only tests a subscription.

    None where `data` is anything else, or not wholly that: then it is for `decode` to say what it is.
    """
    if _SIGN not in _head(data):
        return None
    damage: list[str] = []
    plain = b"".join(plain_chunks([data], limits, damage.append, most=limits.max_document_bytes))
    if damage:
        return None
    try:
        payloads = [msgspec.convert(document, _Payload) for document in _documents(plain)]
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None
    if any(payload.message_type not in ("DATA_MESSAGE", "CONTROL_MESSAGE") for payload in payloads):
        return None
    return tuple(_delivery(payload) for payload in payloads if payload.message_type == "DATA_MESSAGE")


def _head(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data[:_SNIFFED]
    try:
        return zlib.decompressobj(_WITH_GZIP_HEADER).decompress(data[: 4 * _SNIFFED], _SNIFFED)
    except zlib.error:
        return b""


def _documents(plain: bytes) -> Iterator[Json]:
    try:
        yield cast("Json", orjson.loads(plain))
    except orjson.JSONDecodeError:
        text = plain.decode()
        place = 0
        while place < len(text):
            document, end = _JSON.raw_decode(text, place)
            yield document
            place = end
            while place < len(text) and text[place] in " \t\r\n":
                place += 1


def _delivery(payload: _Payload) -> Delivery:
    stream = LogStream(payload.owner, payload.log_group, payload.log_stream)
    return Delivery(stream, tuple(LogEvent(e.id, e.timestamp, None, e.message) for e in payload.log_events))
