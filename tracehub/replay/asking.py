"""Reads what a client asks: the address and the body of InvokeAgent and InvokeInlineAgent."""

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

from tracehub.errors import PermanentError
from tracehub.replay.matching import Call
from tracehub.replay.recording import Refusal

LARGEST_BODY = 25 * 1024 * 1024
# As the service model has it; ids are given back in headers.
_ID = re.compile(r"[0-9a-zA-Z._:-]{1,100}")


class RefusedError(PermanentError):
    """The call is answered with an error of AWS's."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Address(NamedTuple):
    """Whom a call's path names; an inline agent has no ids."""

    agent_id: str | None
    alias_id: str | None
    session_id: str


class _State(msgspec.Struct, rename="camel"):
    invocation_id: str | None = None


class _Body(msgspec.Struct, rename="camel"):
    input_text: str | None = None
    enable_trace: bool | None = None
    memory_id: str | None = None
    session_state: _State | None = None
    inline_session_state: _State | None = None


_BODY = msgspec.json.Decoder(_Body)


def read_address(method: str, raw_path: bytes) -> Address:
    """The ids in the path, which is percent-encoded; RefusedError where it is another operation's."""
    parts = raw_path.split(b"/")
    if method == "POST":
        match parts:
            case [b"", b"agents", agent, b"agentAliases", alias, b"sessions", session, b"text"]:
                return Address(_decoded(agent), _decoded(alias), _id(_decoded(session), "sessionId"))
            case [b"", b"agents", session] if session:
                return Address(None, None, _id(_decoded(session), "sessionId"))
    raise RefusedError(not_found("tracehub replay answers InvokeAgent and InvokeInlineAgent, and no other operation"))


def read_call(address: Address, body: bytes) -> Call:
    """The call; RefusedError where its body is not JSON or has members of wrong types."""
    try:
        asked = _BODY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(invalid(f"the request's body cannot be read: {error}")) from error
    state = asked.session_state or asked.inline_session_state
    return Call(
        agent_id=address.agent_id,
        alias_id=address.alias_id,
        session_id=address.session_id,
        input_text=asked.input_text,
        answers=state.invocation_id if state else None,
        memory_id=None if asked.memory_id is None else _id(asked.memory_id, "memoryId"),
        wants_trace=asked.enable_trace is True,
    )


def not_found(message: str) -> Refusal:
    """As AWS answers where an agent does not exist."""
    return Refusal(404, "ResourceNotFoundException", message)


def invalid(message: str) -> Refusal:
    """As AWS answers to a malformed request."""
    return Refusal(400, "ValidationException", message)


def too_large() -> Refusal:
    """As AWS answers to a body beyond its quota."""
    return Refusal(413, "RequestEntityTooLargeException", f"the request's body is larger than {LARGEST_BODY} bytes")


def _decoded(segment: bytes) -> str:
    return unquote_to_bytes(segment).decode("utf-8", "replace")


def _id(value: str, name: str) -> str:
    if not _ID.fullmatch(value):
        raise RefusedError(invalid(f"{name} must have 1 to 100 characters of [0-9a-zA-Z._:-]"))
    return value
