"""Amazon Data Firehose delivering to an HTTP endpoint, as strict with the answer as AWS is.

The rules are those of "HTTP endpoint delivery request and response specifications" in the developer guide of Firehose.
"""

import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from gzip import compress
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from urllib.parse import urlsplit
from uuid import uuid4

import orjson

SOURCE_ARN = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/tracehub"
OWNER = "123456789012"
MOST_RECORDS = 10_000
LARGEST_RECORD = 1_024_000
LARGEST_BODY = 64 * 1024 * 1024
LARGEST_ANSWER = 1024 * 1024
LONGEST_ERROR = 8192
ANSWER_SECONDS = 180.0


@dataclass(frozen=True)
class Attempt:
    """One request: its HTTP status, None if there was no answer; why AWS counts it as failed, None if it does not."""

    status: int | None
    answer: bytes
    problem: str | None


@dataclass(frozen=True)
class Delivery:
    """What became of one batch. `lost`: AWS drops it for good, without a word to the error bucket."""

    request_id: str
    attempts: tuple[Attempt, ...]

    @property
    def delivered(self) -> bool:
        return self.problem is None

    @property
    def lost(self) -> bool:
        return self.attempts[-1].status == 413

    @property
    def problem(self) -> str | None:
        """That of the last attempt."""
        return self.attempts[-1].problem


def deliver(
    url: str,
    records: Sequence[bytes],
    *,
    access_key: str,
    request_id: str | None = None,
    gzip: bool = True,
    source_arn: str = SOURCE_ARN,
    common_attributes: Mapping[str, str] | None = None,
    attempts: int = 1,
    wait: Callable[[float], None] = lambda seconds: None,
    timestamp_ms: int | None = None,
) -> Delivery:
    """Posts the records to `url` until it is content, at most `attempts` times, all under one request id.

    `wait` is asked to pass the seconds between two attempts: 1, 2, 4 and so on to 120. ValueError for a batch that AWS
    would never send.
    """
    request_id = request_id or str(uuid4())
    timestamp = time.time_ns() // 1_000_000 if timestamp_ms is None else timestamp_ms
    body = _body(request_id, timestamp, records)
    headers = {
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": request_id,
        "X-Amz-Firehose-Source-Arn": source_arn,
        "X-Amz-Firehose-Access-Key": access_key,
        "Content-Type": "application/json",
        "User-Agent": "Amazon Kinesis Data Firehose Agent/1.0",
    }
    if common_attributes is not None:
        attributes = orjson.dumps({"commonAttributes": dict(common_attributes)})
        headers["X-Amz-Firehose-Common-Attributes"] = attributes.decode()
    if gzip:
        headers["Content-Encoding"] = "gzip"
        body = compress(body, compresslevel=1, mtime=0)
    made: list[Attempt] = []
    while True:
        made.append(_attempt(url, headers, body, request_id))
        over = made[-1].problem is None or made[-1].status == 413 or len(made) >= attempts
        if over:
            return Delivery(request_id, tuple(made))
        wait(min(2.0 ** (len(made) - 1), 120.0))


def subscription_payload(
    group: str,
    stream: str,
    events: Sequence[tuple[str, int, str]],
    *,
    owner: str = OWNER,
    filters: Sequence[str] = ("tracehub",),
) -> bytes:
    """What a subscription of CloudWatch Logs puts into one record; an event is (id, timestamp in ms, message)."""
    return _payload("DATA_MESSAGE", owner, group, stream, filters, events)


def control_message(timestamp_ms: int = 1_700_000_000_000) -> bytes:
    """What a subscription sends to see whether somebody is there."""
    text = "CWL CONTROL MESSAGE: Checking health of destination Firehose."
    return _payload("CONTROL_MESSAGE", "CloudwatchLogs", "", "", (), [("", timestamp_ms, text)])


def _payload(
    kind: str, owner: str, group: str, stream: str, filters: Sequence[str], events: Sequence[tuple[str, int, str]]
) -> bytes:
    document = {
        "messageType": kind,
        "owner": owner,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": list(filters),
        "logEvents": [{"id": id_, "timestamp": timestamp, "message": message} for id_, timestamp, message in events],
    }
    return compress(orjson.dumps(document), compresslevel=1, mtime=0)


def _body(request_id: str, timestamp: int, records: Sequence[bytes]) -> bytes:
    if not 1 <= len(records) <= MOST_RECORDS:
        raise ValueError(f"AWS sends 1 to {MOST_RECORDS} records, not {len(records)}")
    if any(len(record) > LARGEST_RECORD for record in records):
        raise ValueError(f"AWS sends no record of more than {LARGEST_RECORD} bytes")
    encoded = [{"data": b64encode(record).decode()} for record in records]
    body = orjson.dumps({"requestId": request_id, "timestamp": timestamp, "records": encoded})
    if len(body) > LARGEST_BODY:
        raise ValueError(f"AWS sends no body of more than {LARGEST_BODY} bytes")
    return body


def _attempt(url: str, headers: Mapping[str, str], body: bytes, request_id: str) -> Attempt:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, dict(headers))
        response = connection.getresponse()
        answer = response.read()
    except (OSError, HTTPException) as error:
        return Attempt(None, b"", f"no answer: {error!r}")
    finally:
        connection.close()
    return Attempt(response.status, answer, _problem(response.status, response.headers, answer, request_id))


def _problem(status: int, headers: HTTPMessage, answer: bytes, request_id: str) -> str | None:
    if status != 200:
        return f"status {status}"
    if headers.get("Content-Type", "").lower() != "application/json":
        return f"Content-Type is {headers.get('Content-Type')}"
    if "Content-Length" not in headers:
        return "Content-Length is missing"
    if "Content-Encoding" in headers:
        return f"Content-Encoding is {headers['Content-Encoding']}"
    if len(answer) > LARGEST_ANSWER:
        return f"the answer has {len(answer)} bytes"
    return _problem_of_document(answer, request_id)


def _problem_of_document(answer: bytes, request_id: str) -> str | None:
    try:
        document = orjson.loads(answer)
    except ValueError:
        return "the answer is no JSON"
    if not isinstance(document, dict):
        return "the answer is no JSON object"
    if document.get("requestId") != request_id:
        return f"requestId is {document.get('requestId')!r}"
    if type(document.get("timestamp")) is not int or document["timestamp"] < 0:
        return f"timestamp is {document.get('timestamp')!r}"
    error = document.get("errorMessage")
    if error is not None and (not isinstance(error, str) or len(error) > LONGEST_ERROR):
        return "errorMessage is no text of at most 8192 characters"
    return None
