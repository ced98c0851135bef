"""One InvokeAgent call being played: its request, its stream, its response."""

import base64
from random import Random
from typing import Any

from tracehub.demo.cast import Agent

Json = dict[str, Any]
NOTICE = "tracehub demo data"


class Call:
    """Collects the messages of one call. `now` is the virtual time in microseconds."""

    def __init__(self, chance: Random, agent: Agent, session_id: str, question: str, now: int) -> None:
        self.chance = chance
        self.now = now
        self.request_id = uuid_of(chance)
        self.session_id = session_id
        self.request: Json = {"enableTrace": True, "inputText": question, "sessionId": session_id}
        if not agent.inline:
            self.request |= {"agentAliasId": agent.alias_id, "agentId": agent.agent_id}
        self._events: list[tuple[int, int, Json]] = []

    def emit(self, at: int, message: Json) -> None:
        """Adds a message that was sent at `at`; the call goes on at least until then."""
        self._events.append((at, len(self._events), message))
        self.now = max(self.now, at)

    def answer(self, text: str, *, pieces: int = 1, attribution: Json | None = None) -> None:
        """The answer's chunks."""
        size = max(1, -(-len(text) // pieces))
        for start in range(0, max(1, len(text)), size):
            self.now += 20_000
            chunk: Json = {"bytes": base64.b64encode(text[start : start + size].encode()).decode()}
            if attribution is not None:
                chunk["attribution"] = attribution
            self.emit(self.now, {"chunk": chunk})

    def exchange(self) -> Json:
        """The call as one document: request, response metadata, and the stream in the order it was sent."""
        document: Json = {
            "synthetic": NOTICE,
            "request": self.request,
            "ResponseMetadata": {
                "HTTPHeaders": {
                    "content-type": "application/vnd.amazon.eventstream",
                    "x-amz-bedrock-agent-session-id": self.session_id,
                    "x-amzn-requestid": self.request_id,
                },
                "HTTPStatusCode": 200,
                "RequestId": self.request_id,
                "RetryAttempts": 0,
            },
            "contentType": "application/json",
            "sessionId": self.session_id,
        }
        if "memoryId" in self.request:
            document["memoryId"] = self.request["memoryId"]
        document["completion"] = [message for _, _, message in sorted(self._events, key=lambda event: event[:2])]
        return document


def uuid_of(chance: Random) -> str:
    """A random version-4 UUID."""
    digits = f"{chance.getrandbits(128):032x}"
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[int(digits[16], 16) % 4]}{digits[17:20]}-{digits[20:]}"
    )
