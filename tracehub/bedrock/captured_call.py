"""Reads what the proxy saw of a call, piece by piece, as the recorder would have written it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from tracehub.bedrock.arrival_times import arrived, framed
from tracehub.bedrock.correlate import Correlator
from tracehub.bedrock.envelopes.stream_message import read_stream_message
from tracehub.bedrock.eventstream import BadFrame, Frame, FrameDecoder, encode_frame
from tracehub.bedrock.eventstream_headers import HeaderValue
from tracehub.bedrock.found import Findings, Message, Recorded
from tracehub.bedrock.message_identity import id_of, may_repeat
from tracehub.members import Json
from tracehub.model.record import Decoded

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_REFUSAL_BYTES = 64 * 1024
# As botocore names them in its answer.
_MEMBERS = {
    "x-amzn-bedrock-agent-content-type": "contentType",
    "x-amz-bedrock-agent-session-id": "sessionId",
    "x-amz-bedrock-agent-memory-id": "memoryId",
}


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A call that the proxy took: `request` as the recorder keeps it, `call_id` in case AWS gives no request id."""

    call_id: str
    request: dict[str, object]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The beginning of AWS's answer; names of headers are lower-case."""

    status: int
    headers: list[tuple[str, str]]


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended, in the recorder's words: complete, stopped or failed, the latter with an error."""

    end: str
    error: str | None = None
    caller_left: bool = False


class State(msgspec.Struct, kw_only=True):
    """Where the reading of a call stands; plain data, so that another process can go on with it.

    `held` are the bytes of a frame that is not whole yet, or of a refusal; `index` counts the messages; `repeats` how
    often each came that may lawfully repeat.
    """

    opened: Opened
    opened_at: int
    answered: Answered | None = None
    answered_at: int = 0
    index: int = 0
    held: bytes = b""
    repeats: dict[str, int] = {}


class CapturedCall:
    """Reads one call into `findings`. All times are in microseconds since 1970 UTC.

    ValueError, TypeError or RecursionError where what was kept cannot be read.
    """

    def __init__(self, state: State, findings: Findings) -> None:
        self._state = state
        self._findings = findings
        self._frames = FrameDecoder()
        if self._is_stream:
            self._frames.feed(state.held)

    @property
    def state(self) -> State:
        """Where the reading stands."""
        if self._is_stream:
            self._state.held = self._frames.held
        return self._state

    def answered(self, answered: Answered, at: int) -> None:
        """AWS's answer begins."""
        self._state.answered = answered
        self._state.answered_at = at
        self._tell(framed("request", self._state.opened.request), self._state.opened_at)

    def data(self, data: bytes, at: int) -> None:
        """Bytes of the answer, which came at this time."""
        if self._is_stream:
            self._take(self._frames.feed(data), at)
        elif len(self._state.held) < _MOST_REFUSAL_BYTES:
            self._state.held += data

    def closed(self, closed: Closed, at: int) -> None:
        """The call is over."""
        answered = self._state.answered
        if answered is None:
            self._tell(framed("request", self._state.opened.request), self._state.opened_at)
        elif self._is_stream:
            self._take(self._frames.close(), at)
        elif answered.status >= 400:
            self._read({":message-type": "exception", ":exception-type": _code(answered)}, self._state.held, at)
        self._tell(framed("response", self._response(closed)), at)

    @property
    def _is_stream(self) -> bool:
        answered = self._state.answered
        return answered is not None and "eventstream" in _header(answered, "content-type")

    def _take(self, found: Iterable[Frame | BadFrame], at: int) -> None:
        for frame in found:
            if isinstance(frame, BadFrame):
                self._findings.quarantine(frame.reason, frame.data)
            else:
                self._read(frame.headers, frame.payload, at)

    def _read(self, headers: Mapping[str, HeaderValue], payload: bytes, at: int) -> None:
        whole = payload if ":exception-type" in headers else encode_frame(headers, payload)
        if message := read_stream_message(headers, payload, whole, self._findings):
            self._tell(message, at)
        else:
            self._state.index += 1

    def _tell(self, message: Message, at: int) -> None:
        state = self._state
        repeat = 0
        # Asked of every message: whose content no store could hold fails here, where its call is known.
        name = id_of(message)
        if may_repeat(message):
            repeat = state.repeats.get(name, 0)
            state.repeats[name] = repeat + 1
        self._findings.items.append(Recorded(arrived(message, _time(at)), self._request_id, state.index, repeat))
        state.index += 1

    @property
    def _request_id(self) -> str:
        answered = self._state.answered
        return (_header(answered, "x-amzn-requestid") if answered else "") or self._state.opened.call_id

    def _response(self, closed: Closed) -> Json:
        answered = self._state.answered
        told: Json = {"end": closed.end}
        if closed.error is not None:
            told["error"] = closed.error
        if closed.caller_left:
            told["callerLeft"] = True
        if answered is None:
            return told
        metadata = {
            "RequestId": self._request_id,
            "HTTPStatusCode": answered.status,
            "HTTPHeaders": dict(answered.headers),
        }
        members = {name: _header(answered, header) for header, name in _MEMBERS.items()}
        given = {name: value for name, value in members.items() if value}
        return {"ResponseMetadata": metadata, **given, "startedAt": _time(self._state.answered_at), **told}


def decoded(findings: Findings) -> Decoded:
    """What was read, of any number of calls."""
    return findings.decoded(Correlator().events(findings.items))


def _code(answered: Answered) -> str:
    """The name of AWS's error, as a stream would name it."""
    code = _header(answered, "x-amzn-errortype").partition(":")[0] or f"http{answered.status}Exception"
    return code if code.endswith("Exception") else f"{code}Exception"


def _header(answered: Answered, wanted: str) -> str:
    return next((value for name, value in answered.headers if name == wanted), "")


def _time(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
