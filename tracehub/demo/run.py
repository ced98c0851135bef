"""Writes what one agent's run leaves in the stream, step by step, in the shapes that AWS sends."""

from random import Random
from typing import Any

import orjson

from tracehub.demo.call import Call, uuid_of
from tracehub.demo.cast import Agent
from tracehub.demo.clock import iso

Json = dict[str, Any]
MS = 1000


class Run:
    """One agent's run inside a call. `now` (microseconds) moves on with every step; `step` counts from 0."""

    def __init__(
        self,
        call: Call,
        agent: Agent,
        version: str,
        *,
        run_id: str,
        session_id: str,
        parents: tuple[str, ...] = (),
        name: str | None = None,
    ) -> None:
        self.call = call
        self.agent = agent
        self.version = version
        self.run_id = run_id
        self.session_id = session_id
        self.chain = (*parents, agent.arn())
        self.name = name
        self.now = call.now
        self.began = call.now
        self.step = 0
        self._system = orjson.dumps(agent.system).decode()
        self._messages: list[str] = []

    @property
    def chance(self) -> Random:
        """The call's source of randomness."""
        return self.call.chance

    def part(self, union: str, content: Json, at: int | None = None) -> None:
        """Emits one TracePart."""
        at = self.now if at is None else at
        part: Json = {} if self.agent.inline else {"agentId": self.agent.agent_id, "agentAliasId": self.agent.alias_id}
        if not self.agent.inline:
            part["agentVersion"] = self.version
        part["callerChain"] = [{"agentAliasArn": arn} for arn in self.chain]
        if self.name:
            part["collaboratorName"] = self.name
        part |= {"eventTime": iso(at), "sessionId": self.session_id, "trace": {union: content}}
        self.call.emit(at, {"trace": part})

    def trace_id(self, suffix: str | None = None) -> str:
        """Bedrock's traceId of the current step."""
        return f"{self.run_id}-{self.step if suffix is None else suffix}"

    def says(self, role: str, text: str) -> None:
        """Adds a message to the conversation that every later prompt repeats, in Java's toString."""
        self.adds(role, f"[{{text={text}, type=text}}]")

    def adds(self, role: str, content: str) -> None:
        """Adds a message whose content is already written as Java does."""
        self._messages.append(f'{{"content":{orjson.dumps(content).decode()},"role":"{role}"}}')

    def prompt(self) -> str:
        """The prompt as it stands: instructions and the whole conversation."""
        return f'{{"system":{self._system},"messages":[{",".join(self._messages)}]}}'

    def model(
        self,
        output: str,
        *,
        kind: str = "ORCHESTRATION",
        union: str = "orchestrationTrace",
        suffix: str | None = None,
        extra_input: Json | None = None,
        extra_output: Json | None = None,
        prompt: str | None = None,
        cut: bool = False,
    ) -> None:
        """One model call, input and output; `cut` leaves the output out."""
        trace_id = self.trace_id(suffix)
        text = self.prompt() if prompt is None else prompt
        began = self.now
        self.part(
            union,
            {
                "modelInvocationInput": {
                    "foundationModel": self.agent.model,
                    "inferenceConfiguration": _INFERENCE,
                    "text": text,
                    "traceId": trace_id,
                    "type": kind,
                    **(extra_input or {}),
                }
            },
        )
        if cut:
            return
        self.now += self.chance.randint(600, 4200) * MS
        tokens = (len(text) // 4, max(8, len(output) // 4))
        self.part(
            union,
            {
                "modelInvocationOutput": {
                    "metadata": self.metadata(began + 2 * MS, usage=tokens),
                    "rawResponse": {"content": output},
                    "traceId": trace_id,
                    **(extra_output or {}),
                }
            },
        )

    def thinks(self, text: str) -> None:
        """The rationale of the current step."""
        self.now += 90
        self.part("orchestrationTrace", {"rationale": {"text": text, "traceId": self.trace_id()}})

    def calls(self, content: Json, kind: str, *, union: str = "orchestrationTrace", at: int | None = None) -> None:
        """An invocationInput of the current step."""
        value = {"invocationInput": {"invocationType": kind, "traceId": self.trace_id(), **content}}
        self.part(union, value, at)

    def observes(self, content: Json, kind: str, *, union: str = "orchestrationTrace", at: int | None = None) -> None:
        """An observation of the current step."""
        self.part(union, {"observation": {"traceId": self.trace_id(), "type": kind, **content}}, at)

    def finishes(self, text: str, kind: str = "FINISH", union: str = "orchestrationTrace") -> None:
        """The run's final response."""
        self.now += 45 * MS
        metadata = self.metadata(self.began, operation=True)
        self.observes({"finalResponse": {"metadata": metadata, "text": text}}, kind, union=union)

    def metadata(self, began: int, *, usage: tuple[int, int] | None = None, operation: bool = False) -> Json:
        """The metadata of an output that took from `began` until now."""
        metadata: Json = {
            "clientRequestId": uuid_of(self.chance),
            "endTime": iso(self.now),
            "startTime": iso(began),
        }
        metadata["operationTotalTimeMs" if operation else "totalTimeMs"] = (self.now - began) // MS
        if usage:
            metadata["usage"] = {"inputTokens": usage[0], "outputTokens": usage[1]}
        return metadata


_INFERENCE = {
    "maximumLength": 2048,
    "stopSequences": ["</invoke>", "</answer>", "</error>"],
    "temperature": 0.0,
    "topK": 250,
    "topP": 1.0,
}
