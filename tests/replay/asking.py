"""Asks a replayed agent as an application does: with boto3."""

import base64
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

from tests.aws.logs_server import client_of

AGENT = {"agentId": "AGENT", "agentAliasId": "ALIAS"}
Events = list[dict[str, Any]]


@contextmanager
def runtime_of(address: str) -> Iterator[Any]:
    """A real boto3 client that never tries again by itself."""
    with client_of(address, "bedrock-agent-runtime") as client:
        yield client


def ask(client: Any, session_id: str = "session", text: str = "hello", **more: Any) -> Events:
    """The events of one call, with its traces."""
    given = {**AGENT, "sessionId": session_id, "inputText": text, "enableTrace": True, **more}
    with closing(client.invoke_agent(**given)["completion"]) as stream:
        return list(stream)


def answer_in(events: Events) -> str:
    """The text of the chunks."""
    return b"".join(event["chunk"]["bytes"] for event in events if "chunk" in event).decode()


def as_lines(events: Events) -> bytes:
    """What boto3 gave, as a logger would write it."""
    return b"\n".join(json.dumps(event, default=_plain).encode() for event in events)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    assert isinstance(value, datetime)
    return value.isoformat()
