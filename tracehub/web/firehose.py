"""POST /ingest/firehose: where Amazon Data Firehose delivers, by its HTTP endpoint specification 1.0."""

import binascii
import contextlib
import hmac
import zlib
from typing import cast

import msgspec
import structlog
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from tracehub.errors import OverloadedError, TransientError
from tracehub.model.record import Quarantined, Record, quarantined
from tracehub.web.dependencies import Dependencies, dependencies_of
from tracehub.web.intake import Intake

router = APIRouter(include_in_schema=False)
_log = structlog.get_logger(__name__)

# 10,000 records of 1,024,000 bytes may not exceed 64 MiB before compression; base64 and JSON are part of that.
MOST_BODY = 64 * 1024 * 1024
_SLACK = 1024 * 1024
_WITH_GZIP_HEADER = 31
_LONGEST_SAID = 500


class _Item(msgspec.Struct):
    data: str = ""


class _Batch(msgspec.Struct, rename="camel"):
    request_id: str = ""
    timestamp: int | None = None
    records: list[_Item] = []


class _Secret(msgspec.Struct):
    api_key: str


@router.post("/ingest/firehose")
async def firehose(request: Request) -> Response:
    """200 when every record of the batch is durable, those that cannot be read in quarantine; never 413.

    Anything but 200 makes Firehose deliver the same batch again, and in the end put it into its backup bucket.
    """
    parts = dependencies_of(request)
    request_id = request.headers.get("x-amz-firehose-request-id", "")[:1000]
    if not _is_allowed(request, parts):
        return _answer(401, request_id, parts, "X-Amz-Firehose-Access-Key is none of TRACEHUB_API_KEYS")
    intake = cast("Intake", request.app.state.intake)
    try:
        with intake.holding(_announced(request)):
            body = await _body(request)
            if body is None:
                return _answer(503, request_id, parts, f"the body is larger than {MOST_BODY} bytes")
            request_id = await intake.run(lambda: _take(parts, request, body, request_id))
    except HTTPException as error:
        return _answer(503, request_id, parts, str(error.detail))
    except ClientDisconnect:
        return _answer(503, request_id, parts, "the body ended early")
    except TransientError as error:
        after = {"Retry-After": str(error.retry_after)} if isinstance(error, OverloadedError) else None
        return _answer(503, request_id, parts, str(error), after)
    return _answer(200, request_id, parts, None)


def _take(parts: Dependencies, request: Request, body: bytes, request_id: str) -> str:
    """Stores what the batch holds; the request id to be answered with."""
    now = parts.clock()
    stream = request.headers.get("x-amz-firehose-source-arn", "").rpartition("/")[2][:100] or "unknown stream"
    name, most = f"Firehose {stream}", parts.settings.quarantine_bytes
    try:
        batch = msgspec.json.decode(_inflated(body), type=_Batch)
    except (msgspec.DecodeError, UnicodeDecodeError, zlib.error, ValueError) as error:
        _log.warning("a delivery of Firehose cannot be read", request_id=request_id, reason=str(error))
        parts.take_pushed((), name, "firehose", [quarantined(f"it is no delivery of Firehose: {error}", body, most)])
        return request_id
    records: list[Record] = []
    bad: list[Quarantined] = []
    for item in batch.records:
        try:
            data = binascii.a2b_base64(item.data, strict_mode=True)
        except (binascii.Error, ValueError) as error:
            bad.append(quarantined(f"a record of Firehose is not base64: {error}", item.data.encode(), most))
            continue
        if data:
            records.append(Record(data=data, source=name, received_at=now))
    if records or bad:
        parts.take_pushed(records, name, "firehose", bad)
    return request_id or batch.request_id


def _inflated(body: bytes) -> bytes:
    """Told by its first bytes, as proxies drop or undo Content-Encoding. ValueError for what unfolds too far."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    inflater = zlib.decompressobj(_WITH_GZIP_HEADER)
    plain = inflater.decompress(body, MOST_BODY + _SLACK)
    if inflater.unconsumed_tail:
        msg = f"it unfolds beyond {MOST_BODY} bytes"
        raise ValueError(msg)
    if not inflater.eof:
        msg = "the compressed body is cut off"
        raise ValueError(msg)
    return plain


def _is_allowed(request: Request, parts: Dependencies) -> bool:
    """Without keys everything is open, on loopback only. Firehose may send the key as Secrets Manager keeps it."""
    keys = [key.get_secret_value() for key in parts.settings.api_keys]
    given = request.headers.get("x-amz-firehose-access-key", "")
    with contextlib.suppress(msgspec.DecodeError):
        given = msgspec.json.decode(given, type=_Secret).api_key
    matches = [hmac.compare_digest(given.encode("utf-8", "replace"), key.encode()) for key in keys]
    return not keys or any(matches)


async def _body(request: Request) -> bytes | None:
    """The body; None where it is too large."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) > MOST_BODY + _SLACK:
            return None
    return bytes(held)


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return min(int(length), MOST_BODY) if length.isascii() and length.isdigit() and len(length) < 12 else _SLACK


def _answer(
    status: int, request_id: str, parts: Dependencies, said: str | None, headers: dict[str, str] | None = None
) -> Response:
    content: dict[str, object] = {"requestId": request_id, "timestamp": parts.clock() // 1000}
    if said is not None:
        content["errorMessage"] = said[:_LONGEST_SAID]
    return Response(msgspec.json.encode(content), status, headers, "application/json")
