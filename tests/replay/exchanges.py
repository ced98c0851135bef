"""Writes recordings for tests: small calls, one line each."""

import base64
import json
from typing import Any

RUN = "11111111-2222-4333-8444-5555555555"


def exchange(
    number: int,
    *,
    session: str = "session",
    text: str | None = "hello",
    agent: str = "AGENT",
    steps: int = 2,
    at: str = "2026-11-23T08:00:%02d.000000Z",
    **more: Any,
) -> bytes:
    """A call whose answer is `answer <number>`: so many traced steps, a second apart, and then two chunks."""
    run = f"{RUN}{number:02d}"
    owner = {"agentId": agent, "agentAliasId": "ALIAS", "sessionId": session}
    traces = [
        {
            "trace": {
                **owner,
                "eventTime": at % (10 * number + step),
                "trace": {"orchestrationTrace": {"rationale": {"text": f"step {step}", "traceId": f"{run}-{step}"}}},
            }
        }
        for step in range(steps)
    ]
    chunks = [{"chunk": {"bytes": base64.b64encode(piece).decode()}} for piece in (b"answer ", b"%d" % number)]
    document = {
        "request": {**owner, **({} if text is None else {"inputText": text}), **more},
        "ResponseMetadata": {"RequestId": run, "HTTPStatusCode": 200},
        "completion": [*traces, *chunks],
    }
    return json.dumps(document).encode() + b"\n"
