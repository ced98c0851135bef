"""A recorded call, ready to be served."""

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """An error of AWS's in place of a stream: `code` as in `x-amzn-errortype`."""

    status: int
    code: str
    message: str


class RecordedFrame(msgspec.Struct, frozen=True):
    """One message of the stream: when it was sent, in microseconds since the call began, and its bytes on the wire."""

    offset: int
    event_type: str
    data: bytes


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One InvokeAgent or InvokeInlineAgent call.

    `agent_id` is None for inline agents, and where no event names the agent. `session_id` is that of the session list:
    `unreported-…` where no event names it. `input_text` is the request's where it was recorded, else the question in
    the first prompt; None where there is neither. `answers` is the invocationId of the returned control whose result
    the call brought. `began_at` is in microseconds since 1970 UTC. `refusal` stands where AWS answered no stream at
    all; `broken` where the connection broke after the last frame.
    """

    agent_id: str | None
    alias_id: str | None
    session_id: str
    input_text: str | None
    answers: str | None
    request_id: str | None
    began_at: int | None
    frames: tuple[RecordedFrame, ...]
    refusal: Refusal | None = None
    broken: bool = False
