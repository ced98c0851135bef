"""A scripted CloudWatch Logs over real HTTP, for what moto cannot play: late events, empty pages, faults, lost rights.

It answers STS on the same port, so that assuming a role can be tested. Signatures are not verified.
"""

import base64
import hashlib
import random
import re
import socket
import struct
import sys
import threading
import time
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, cast
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import boto3
import orjson
from botocore.config import Config

TARGET = "Logs_20140328."
EVENT_OVERHEAD = 26  # bytes that AWS counts for each event besides its message
_FIRST_ID = 3 * 10**55
_DESCRIBED = 50
_FOREVER = 2**63 - 2
# What a token of FilterLogEvents belongs to: AWS refuses it with another question.
_QUESTION = (
    "logGroupName",
    "logGroupIdentifier",
    "logStreamNames",
    "logStreamNamePrefix",
    "startTime",
    "endTime",
    "filterPattern",
)

FaultKind = Literal["throttled", "failed", "reset", "reset midway", "half", "delayed"]


@dataclass(frozen=True)
class Fault:
    """What befalls one call; `seconds` is how long a delay lasts."""

    kind: FaultKind
    seconds: float = 0.0


THROTTLED = Fault("throttled")  # 400 ThrottlingException
FAILED = Fault("failed")  # 500 InternalFailure
RESET = Fault("reset")  # the connection is reset before the call is looked at
RESET_MIDWAY = Fault("reset midway")  # the call is carried out; the connection is reset in the middle of the answer
HALF = Fault("half")  # the call is carried out; the answer stops in the middle and the connection is closed
ALL_FAULTS = (THROTTLED, FAILED, RESET, RESET_MIDWAY, HALF)


def delayed(seconds: float) -> Fault:
    """The call is carried out and answered after `seconds`."""
    return Fault("delayed", seconds)


def scripted(*faults: Fault | None) -> Iterator[Fault | None]:
    """One after the other, None for a call that goes well; afterwards every call does."""
    return iter(faults)


def seeded(seed: int, rate: float, kinds: Sequence[Fault] = ALL_FAULTS) -> Iterator[Fault | None]:
    """For ever: each call is struck with probability `rate`, by one of `kinds`; the same for the same seed."""
    chance = random.Random(seed)
    while True:
        yield chance.choice(kinds) if chance.random() < rate else None


@contextmanager
def client_of(address: str, service: str = "logs", **options: Any) -> Iterator[Any]:
    """A real boto3 client of a stand-in, that never tries again by itself; closed at the end."""
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, read_timeout=30)
    keys = {"aws_access_key_id": "AKIASTANDIN", "aws_secret_access_key": "secret"}
    given = {"endpoint_url": address, "region_name": "eu-central-1", "config": config, **keys, **options}
    client = boto3.client(service, **given)
    try:
        yield client
    finally:
        client.close()


class _Refused(Exception):
    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


class _Event(NamedTuple):
    """Sorted as AWS sorts; `json` is the event as FilterLogEvents gives it, and the only copy of its message."""

    timestamp: int
    ingested: int
    id: str
    stream: str
    size: int
    json: bytes

    @property
    def message(self) -> str:
        message: str = orjson.loads(self.json)["message"]
        return message


@dataclass
class _Held:
    """An event that was put but cannot be seen; `calls_left` is None where only `release` shows it."""

    id: str
    stream: str
    timestamp: int
    message: str
    ingested: int | None
    calls_left: int | None


@dataclass
class _Stream:
    name: str
    created: int
    last_ingested: int | None = None
    events: list[_Event] = field(default_factory=list)


@dataclass
class _Group:
    name: str
    created: int
    events: list[_Event] = field(default_factory=list)
    size: int = 0
    streams: dict[str, _Stream] = field(default_factory=dict)
    held: list[_Held] = field(default_factory=list)


@dataclass
class _Credentials:
    arn: str
    session_token: str
    expired: bool = False


class LogsServer:
    """CloudWatch Logs and STS at `address`, from entering the context until leaving it.

    What a test may change at any time: `faults` (an iterator, asked once per call of CloudWatch Logs; see `scripted`
    and `seeded`), `faulty_operations` (those that faults may strike; None for all), `empty_pages` (how likely a page is
    empty and carries a token nevertheless, below 1), `max_page_bytes` (of messages, plus 26 each), `max_page_events`,
    `external_id` (what AssumeRole must be given; None if it does not matter), `credential_seconds` (how long STS says
    that credentials live), `assumed_roles_only` (whether CloudWatch Logs denies everything to others).

    What it may look at: `calls`, every (operation, parameters) in the order of arrival, whatever became of it, and
    `struck`, every (operation, fault) that happened.
    """

    def __init__(
        self,
        *,
        region: str = "eu-central-1",
        account: str = "123456789012",
        max_page_bytes: int = 1_048_576,
        max_page_events: int = 10_000,
        empty_pages: float = 0.0,
        seed: int = 0,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.region = region
        self.account = account
        self.max_page_bytes = max_page_bytes
        self.max_page_events = max_page_events
        self.empty_pages = empty_pages
        self.faults: Iterator[Fault | None] = scripted()
        self.faulty_operations: frozenset[str] | None = None
        self.external_id: str | None = None
        self.credential_seconds = 3600
        self.assumed_roles_only = False
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.struck: list[tuple[str, Fault]] = []
        self._clock = clock
        self._chance = random.Random(seed)
        self._lock = threading.RLock()
        self._groups: dict[str, _Group] = {}
        self._last_id = _FIRST_ID
        self._denied: set[str] = set()
        self._credentials: dict[str, _Credentials] = {}
        self._token_generation = 0
        self._tokens = 0
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self.address = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.end()
        if error is None and self._http.errors:
            raise self._http.errors[0]

    # What a test does from its own thread.

    def create_group(self, group: str) -> str:
        """The ARN of the group, without `:*`; an existing one stays as it is."""
        with self._lock:
            if group not in self._groups:
                self._groups[group] = _Group(group, self._clock())
        return self._group_arn(group)

    def create_stream(self, group: str, stream: str) -> None:
        """An existing one stays as it is."""
        with self._lock:
            self.create_group(group)
            streams = self._groups[group].streams
            if stream not in streams:
                streams[stream] = _Stream(stream, self._clock())

    def put(
        self,
        group: str,
        stream: str,
        message: str,
        *,
        timestamp_ms: int,
        ingested_ms: int | None = None,
        visible_after_calls: int | None = 0,
    ) -> str:
        """The id of the event. Group and stream come into being where they are not there.

        `visible_after_calls` is how many calls that read the group's events do not see it yet; None: it is seen when
        `release` is called. `ingested_ms` is by default the time at which it becomes visible.
        """
        with self._lock:
            self.create_stream(group, stream)
            self._last_id += 1
            event = _Held(str(self._last_id), stream, timestamp_ms, message, ingested_ms, visible_after_calls)
            if visible_after_calls == 0:
                self._show(self._groups[group], event)
            else:
                self._groups[group].held.append(event)
            return event.id

    def release(self, event_id: str | None = None) -> None:
        """Shows what was held back, or one event of it, from now on."""
        with self._lock:
            for group in self._groups.values():
                freed = [event for event in group.held if event_id in (None, event.id)]
                group.held = [event for event in group.held if event_id not in (None, event.id)]
                for event in freed:
                    self._show(group, event)

    def delete_group(self, group: str) -> None:
        """From now on it does not exist, nor do its events."""
        with self._lock:
            del self._groups[group]

    def expire_tokens(self) -> None:
        """Every nextToken that was given so far is refused."""
        with self._lock:
            self._token_generation += 1

    def expire_credentials(self) -> None:
        """All credentials that were given for assumed roles so far are refused with ExpiredTokenException."""
        with self._lock:
            for credentials in self._credentials.values():
                credentials.expired = True

    def deny(self, action: str) -> None:
        """`logs:FilterLogEvents`, `sts:AssumeRole` and the like are refused until `allow` is called."""
        with self._lock:
            self._denied.add(action)

    def allow(self, action: str) -> None:
        with self._lock:
            self._denied.discard(action)

    def calls_of(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of every call of `operation` so far."""
        with self._lock:
            return [parameters for called, parameters in self.calls if called == operation]

    # What the HTTP side asks.

    def fault_of(self, operation: str, parameters: dict[str, Any]) -> Fault | None:
        """Notes the call, and what shall befall it."""
        with self._lock:
            self.calls.append((operation, parameters))
            if self.faulty_operations is not None and operation not in self.faulty_operations:
                return None
            fault = next(self.faults, None)
            if fault is not None:
                self.struck.append((operation, fault))
            return fault

    def answer_logs(self, operation: str, parameters: dict[str, Any], headers: Mapping[str, str]) -> bytes:
        """The answer's JSON; _Refused where AWS answers with an error."""
        with self._lock:
            work = self._operations().get(operation)
            if work is None:
                raise _Refused("UnknownOperationException", f"this stand-in does not know {operation}")
            caller = self._caller(headers)
            assumed = ":assumed-role/" in caller
            if f"logs:{operation}" in self._denied or (self.assumed_roles_only and not assumed):
                raise _not_authorized("AccessDeniedException", caller, f"logs:{operation}", self._resource(parameters))
            return work(parameters)

    def answer_sts(self, parameters: dict[str, Any], headers: Mapping[str, str]) -> bytes:
        """The answer's XML; _Refused where AWS answers with an error."""
        with self._lock:
            action = parameters.get("Action", "")
            self.calls.append((action, parameters))
            caller = self._caller(headers)
            if action == "GetCallerIdentity":
                result = _elements({"Arn": caller, "UserId": "AIDAEXAMPLE", "Account": self.account})
            elif action == "AssumeRole":
                result = self._assume_role(parameters, caller)
            else:
                raise _Refused("InvalidAction", f"this stand-in does not know {action}")
            return (
                f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{result}'
                f"</{action}Result><ResponseMetadata><RequestId>stand-in</RequestId></ResponseMetadata>"
                f"</{action}Response>"
            ).encode()

    def _operations(self) -> dict[str, Callable[[dict[str, Any]], bytes]]:
        return {
            "FilterLogEvents": self._filter_log_events,
            "GetLogEvents": self._get_log_events,
            "DescribeLogGroups": self._describe_log_groups,
            "DescribeLogStreams": self._describe_log_streams,
            "PutLogEvents": self._put_log_events,
            "CreateLogGroup": self._create_log_group,
            "CreateLogStream": self._create_log_stream,
            "DeleteLogGroup": self._delete_log_group,
        }

    def _filter_log_events(self, parameters: dict[str, Any]) -> bytes:
        group = self._group(parameters)
        events, fits = self._searched(group, parameters)
        matches = _matcher(parameters.get("filterPattern", ""))
        start, end = parameters.get("startTime", 0), parameters.get("endTime", _FOREVER)
        if start > end:
            raise _Refused("InvalidParameterException", "startTime must not be after endTime")
        question = ["filter", *(parameters.get(name) for name in _QUESTION)]
        after = self._after(parameters.get("nextToken"), question)
        self._count_read(group)
        if self._is_empty_page():
            return self._filtered([], self._token(question, after))
        first = _index(events, after or (start,))
        last = _index(events, (end + 1,))
        page, stopped = self._page(events, first, last, parameters.get("limit"), lambda e: fits(e) and matches(e))
        if stopped < last or (page and self._is_empty_page()):
            return self._filtered(page, self._token(question, _place_after(events[stopped - 1])))
        return self._filtered(page, None)

    def _filtered(self, page: list[_Event], token: str | None) -> bytes:
        end = b"" if token is None else b',"nextToken":' + orjson.dumps(token)
        return b'{"events":[' + b",".join([event.json for event in page]) + b'],"searchedLogStreams":[]' + end + b"}"

    def _searched(self, group: _Group, parameters: dict[str, Any]) -> tuple[list[_Event], Callable[[_Event], bool]]:
        """Sorted events, and which of them are in the streams that were asked for."""
        names, prefix = parameters.get("logStreamNames"), parameters.get("logStreamNamePrefix")
        if names is not None and prefix is not None:
            raise _Refused("InvalidParameterException", "logStreamNames and logStreamNamePrefix exclude each other")
        if names is not None:
            streams = [self._stream(group, name) for name in names]
            if len(streams) == 1:
                return streams[0].events, lambda event: True
            return group.events, lambda event: event.stream in names
        if prefix is not None:
            return group.events, lambda event: event.stream.startswith(prefix)
        return group.events, lambda event: True

    def _page(
        self, events: list[_Event], first: int, last: int, limit: int | None, wanted: Callable[[_Event], bool]
    ) -> tuple[list[_Event], int]:
        """The page, and the index up to which it was searched."""
        most = min(limit or self.max_page_events, self.max_page_events)
        page: list[_Event] = []
        size = 0
        for index, event in enumerate(islice(events, first, last), first):
            if not wanted(event):
                continue
            size += event.size
            if page and (len(page) == most or size > self.max_page_bytes):
                return page, index
            page.append(event)
        return page, last

    def _get_log_events(self, parameters: dict[str, Any]) -> bytes:
        group = self._group(parameters)
        stream = self._stream(group, parameters["logStreamName"])
        token = parameters.get("nextToken")
        question = ["get", group.name, stream.name]
        place = self._after(token[2:] if token else None, question)
        backwards = token.startswith("b/") if token else not parameters.get("startFromHead", False)
        self._count_read(group)
        events = stream.events
        start, end = parameters.get("startTime", 0), parameters.get("endTime", _FOREVER)
        low, high = _index(events, (start,)), _index(events, (end,))
        at = max(low, min(high, _index(events, place or ((end,) if backwards else (start,)))))
        if self._is_empty_page():
            here = place or ((end,) if backwards else (start,))
            return self._got([], self._token(question, here), self._token(question, here))
        if backwards:
            latest = events[max(low, at - self.max_page_events) : at][::-1]
            page = self._page(latest, 0, len(latest), parameters.get("limit"), _any)[0][::-1]
        else:
            page = self._page(events, at, high, parameters.get("limit"), _any)[0]
        if page:
            return self._got(page, self._token(question, _place_after(page[-1])), self._token(question, page[0][:3]))
        # The end of the stream is told by the same token again.
        other = self._token(question, place or (start,))
        sent = token[2:] if token else other
        return self._got([], other if backwards else sent, sent if backwards else other)

    def _got(self, page: list[_Event], forward: str, backward: str) -> bytes:
        shown = [
            {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested} for event in page
        ]
        return _document({"events": shown, "nextForwardToken": f"f/{forward}", "nextBackwardToken": f"b/{backward}"})

    def _describe_log_groups(self, parameters: dict[str, Any]) -> bytes:
        prefix, part = parameters.get("logGroupNamePrefix", ""), parameters.get("logGroupNamePattern", "")
        names = sorted(name for name in self._groups if name.startswith(prefix) and part.lower() in name.lower())
        asked = parameters.get("logGroupIdentifiers")
        if asked is not None:
            wanted = {self._name_of(identifier) for identifier in asked}
            names = [name for name in names if name in wanted]
        page, token = self._listed(names, ["groups", prefix, part, asked], parameters)
        described = [self._described_group(self._groups[name]) for name in page]
        return _document({"logGroups": described, "nextToken": token})

    def _described_group(self, group: _Group) -> dict[str, Any]:
        arn = self._group_arn(group.name)
        return {
            "logGroupName": group.name,
            "creationTime": group.created,
            "metricFilterCount": 0,
            "arn": f"{arn}:*",
            "logGroupArn": arn,
            "storedBytes": group.size,
            "logGroupClass": "STANDARD",
        }

    def _describe_log_streams(self, parameters: dict[str, Any]) -> bytes:
        group = self._group(parameters)
        prefix, order = parameters.get("logStreamNamePrefix", ""), parameters.get("orderBy", "LogStreamName")
        descending = parameters.get("descending", False)
        if prefix and order == "LastEventTime":
            raise _Refused("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
        streams = [stream for stream in group.streams.values() if stream.name.startswith(prefix)]
        by_time = order == "LastEventTime"
        streams.sort(key=lambda stream: (_last_event(stream) if by_time else 0, stream.name), reverse=descending)
        question = ["streams", group.name, prefix, order, descending]
        page, token = self._listed([stream.name for stream in streams], question, parameters)
        described = [self._described_stream(group, group.streams[name]) for name in page]
        return _document({"logStreams": described, "nextToken": token})

    def _described_stream(self, group: _Group, stream: _Stream) -> dict[str, Any]:
        described = {
            "logStreamName": stream.name,
            "creationTime": stream.created,
            "arn": f"{self._group_arn(group.name)}:log-stream:{stream.name}",
            "uploadSequenceToken": "49039859600000000000000000000000000000000000000000000000",
            "storedBytes": 0,
        }
        if stream.events:
            described["firstEventTimestamp"] = stream.events[0].timestamp
            described["lastEventTimestamp"] = stream.events[-1].timestamp
            described["lastIngestionTime"] = stream.last_ingested
        return described

    def _listed(
        self, names: list[str], question: list[Any], parameters: dict[str, Any]
    ) -> tuple[list[str], str | None]:
        """The page of `names` after the token's; a name that has gone since ends the list."""
        most = min(parameters.get("limit", _DESCRIBED), _DESCRIBED)
        after = self._after(parameters.get("nextToken"), question)
        first = 0 if after is None else names.index(after[0]) + 1 if after[0] in names else len(names)
        page = names[first : first + most]
        more = first + most < len(names)
        return page, self._token(question, (page[-1],)) if more else None

    def _put_log_events(self, parameters: dict[str, Any]) -> bytes:
        group = self._group(parameters)
        stream = self._stream(group, parameters["logStreamName"])
        for event in parameters["logEvents"]:
            self.put(group.name, stream.name, event["message"], timestamp_ms=event["timestamp"])
        return _document({"nextSequenceToken": str(self._last_id)})

    def _create_log_group(self, parameters: dict[str, Any]) -> bytes:
        if parameters["logGroupName"] in self._groups:
            raise _Refused("ResourceAlreadyExistsException", "The specified log group already exists")
        self.create_group(parameters["logGroupName"])
        return b""

    def _create_log_stream(self, parameters: dict[str, Any]) -> bytes:
        group = self._group(parameters)
        if parameters["logStreamName"] in group.streams:
            raise _Refused("ResourceAlreadyExistsException", "The specified log stream already exists")
        self.create_stream(group.name, parameters["logStreamName"])
        return b""

    def _delete_log_group(self, parameters: dict[str, Any]) -> bytes:
        del self._groups[self._group(parameters).name]
        return b""

    # Events, names and tokens.

    def _count_read(self, group: _Group) -> None:
        """Shows the events whose number of calls is over, and counts this call for the others."""
        due = [event for event in group.held if event.calls_left == 0]
        group.held = [event for event in group.held if event.calls_left != 0]
        for event in due:
            self._show(group, event)
        for event in group.held:
            if event.calls_left is not None:
                event.calls_left -= 1

    def _show(self, group: _Group, held: _Held) -> None:
        ingested = self._clock() if held.ingested is None else held.ingested
        shown = {
            "logStreamName": held.stream,
            "timestamp": held.timestamp,
            "message": held.message,
            "ingestionTime": ingested,
            "eventId": held.id,
        }
        size = len(held.message.encode()) + EVENT_OVERHEAD
        # Copied: what orjson gives for an event of 1 KB keeps 8 KB of memory (measured with 3.13.0).
        json = bytes(memoryview(orjson.dumps(shown)))
        event = _Event(held.timestamp, ingested, held.id, held.stream, size, json)
        stream = group.streams[held.stream]
        insort(group.events, event)
        insort(stream.events, event)
        group.size += size
        stream.last_ingested = max(ingested, stream.last_ingested or 0)

    def _is_empty_page(self) -> bool:
        return self.empty_pages > 0 and self._chance.random() < self.empty_pages

    def _group(self, parameters: dict[str, Any]) -> _Group:
        name, identifier = parameters.get("logGroupName"), parameters.get("logGroupIdentifier")
        if (name is None) == (identifier is None):
            raise _Refused("InvalidParameterException", "Either logGroupName or logGroupIdentifier must be given")
        group = self._groups.get(name if name is not None else self._name_of(str(identifier)))
        if group is None:
            raise _Refused("ResourceNotFoundException", "The specified log group does not exist.")
        return group

    def _name_of(self, identifier: str) -> str:
        """The name in an ARN of this account and Region, which AWS wants without `:*`; else it is a name itself."""
        if identifier.endswith(":*"):
            raise _Refused("InvalidParameterException", f"{identifier} is no log group identifier")
        return identifier.removeprefix(self._group_arn(""))

    def _stream(self, group: _Group, name: str) -> _Stream:
        if name not in group.streams:
            raise _Refused("ResourceNotFoundException", "The specified log stream does not exist.")
        return group.streams[name]

    def _group_arn(self, group: str) -> str:
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{group}"

    def _resource(self, parameters: dict[str, Any]) -> str:
        name = parameters.get("logGroupName") or parameters.get("logGroupIdentifier") or ""
        return f"{self._group_arn(name.removeprefix(self._group_arn('')))}:log-stream:"

    def _token(self, question: list[Any], after: Sequence[Any] | None) -> str:
        """Goes on after that place; no two are the same."""
        self._tokens += 1
        return base64.urlsafe_b64encode(
            orjson.dumps([self._token_generation, _digest(question), after, self._tokens])
        ).decode()

    def _after(self, token: str | None, question: list[Any]) -> tuple[Any, ...] | None:
        if token is None:
            return None
        try:
            generation, asked, after, _ = orjson.loads(base64.urlsafe_b64decode(token))
        except ValueError as error:
            raise _Refused("InvalidParameterException", "The specified nextToken is invalid.") from error
        if generation != self._token_generation or asked != _digest(question):
            raise _Refused("InvalidParameterException", "The specified nextToken is invalid.")
        return None if after is None else tuple(after)

    # Who calls.

    def _caller(self, headers: Mapping[str, str]) -> str:
        """The caller's ARN."""
        named = re.search(r"Credential=([^/]+)/", headers.get("Authorization", ""))
        if named is None:
            raise _Refused("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        if not named.group(1).startswith("ASIA"):
            return f"arn:aws:iam::{self.account}:user/collector"
        known = self._credentials.get(named.group(1))
        if known is None or headers.get("X-Amz-Security-Token") != known.session_token:
            raise _Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        if known.expired:
            raise _Refused("ExpiredTokenException", "The security token included in the request is expired")
        return known.arn

    def _assume_role(self, parameters: dict[str, Any], caller: str) -> str:
        role = parameters["RoleArn"]
        strange = self.external_id is not None and parameters.get("ExternalId") != self.external_id
        if strange or "sts:AssumeRole" in self._denied:
            raise _not_authorized("AccessDenied", caller, "sts:AssumeRole", role, status=403)
        account, name = role.split(":")[4], role.rsplit("/", 1)[-1]
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{parameters['RoleSessionName']}"
        key = f"ASIA{len(self._credentials):016d}"
        self._credentials[key] = _Credentials(arn, f"session-of-{key}")
        ends = datetime.fromtimestamp(time.time() + self.credential_seconds, UTC)
        credentials = {
            "AccessKeyId": key,
            "SecretAccessKey": "secret",
            "SessionToken": self._credentials[key].session_token,
            "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        user = {"Arn": arn, "AssumedRoleId": f"AROAEXAMPLE:{parameters['RoleSessionName']}"}
        return (
            f"<Credentials>{_elements(credentials)}</Credentials><AssumedRoleUser>{_elements(user)}</AssumedRoleUser>"
        )


def _any(event: _Event) -> bool:
    return True


def _index(events: list[_Event], place: tuple[Any, ...]) -> int:
    """Of the first event that does not sort before `place`, which may be the first part of an event."""
    return bisect_left(cast("list[tuple[Any, ...]]", events), place)


def _place_after(event: _Event) -> tuple[int, int, str]:
    """Sorts behind `event` and before the next one: ids are of one length."""
    return event.timestamp, event.ingested, f"{event.id}0"


def _last_event(stream: _Stream) -> int:
    return stream.events[-1].timestamp if stream.events else 0


def _digest(question: list[Any]) -> str:
    return hashlib.sha256(orjson.dumps(question)).hexdigest()[:16]


def _matcher(pattern: str) -> Callable[[_Event], bool]:
    """Terms, bare or quoted, that a message must contain; with `?` one of them, with `-` none."""
    if pattern.lstrip().startswith(("{", "[", "%")):
        raise _Refused("InvalidParameterException", "this stand-in knows only patterns of terms")
    terms = re.findall(r'([?-]?)(?:"([^"]*)"|(\S+))', pattern)
    if not terms:
        return _any
    needed, optional, banned = (
        [quoted or bare for sign, quoted, bare in terms if sign == wanted] for wanted in ("", "?", "-")
    )

    def matches(event: _Event) -> bool:
        message = event.message
        return (
            all(term in message for term in needed)
            and (not optional or any(term in message for term in optional))
            and not any(term in message for term in banned)
        )

    return matches


def _document(fields: dict[str, Any]) -> bytes:
    return orjson.dumps({name: value for name, value in fields.items() if value is not None})


def _elements(fields: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())


def _not_authorized(code: str, caller: str, action: str, resource: str, status: int = 400) -> _Refused:
    return _Refused(
        code,
        f"User: {caller} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action",
        status,
    )


class _Http(ThreadingHTTPServer):
    """The port; ends with no thread or connection left behind."""

    daemon_threads = False
    request_queue_size = 256

    def __init__(self, logs: LogsServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.logs = logs
        self.ending = threading.Event()
        self.connections: set[socket.socket] = set()
        self.errors: list[BaseException] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error; anything else is one of this stand-in, and raised at its end."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.errors.append(error)

    def end(self) -> None:
        self.ending.set()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        target = self.headers.get("X-Amz-Target", "")
        if target.startswith(TARGET):
            self._logs(target.removeprefix(TARGET), orjson.loads(body))
        else:
            self._sts(dict(parse_qsl(body.decode(), keep_blank_values=True)))

    def _logs(self, operation: str, parameters: dict[str, Any]) -> None:
        fault = self.server.logs.fault_of(operation, parameters)
        match fault:
            case Fault("reset"):
                self._reset()
            case Fault("throttled"):
                self._answer_error(_Refused("ThrottlingException", "Rate exceeded"))
            case Fault("failed"):
                self._answer_error(_Refused("InternalFailure", "The request processing has failed.", 500))
            case _:
                try:
                    body = self.server.logs.answer_logs(operation, parameters, dict(self.headers))
                except _Refused as refused:
                    self._answer_error(refused)
                else:
                    self._answer(200, body, "application/x-amz-json-1.1", fault)

    def _sts(self, parameters: dict[str, Any]) -> None:
        try:
            body = self.server.logs.answer_sts(parameters, dict(self.headers))
        except _Refused as refused:
            error = _elements({"Type": "Sender", "Code": refused.code, "Message": str(refused)})
            text = f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>{error}</Error>'
            self._answer(refused.status, f"{text}<RequestId>stand-in</RequestId></ErrorResponse>".encode(), "text/xml")
        else:
            self._answer(200, body, "text/xml")

    def _answer_error(self, refused: _Refused) -> None:
        body = orjson.dumps({"__type": refused.code, "message": str(refused)})
        self._answer(refused.status, body, "application/x-amz-json-1.1")

    def _answer(self, status: int, body: bytes, content_type: str, fault: Fault | None = None) -> None:
        head = (
            f"HTTP/1.1 {status} {self.responses[status][0]}\r\nx-amzn-RequestId: stand-in\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        match fault:
            case Fault("delayed", seconds):
                self.server.ending.wait(seconds)
            case Fault("half" | "reset midway" as kind):
                self.wfile.write(head + body[: len(body) // 2])
                self.close_connection = True
                if kind == "reset midway":
                    self._reset()
                return
        self.wfile.write(head + body)

    def _reset(self) -> None:
        """Closes with a reset instead of an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests look at `calls` instead."""
