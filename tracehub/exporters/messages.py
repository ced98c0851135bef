"""Prompts and completions as the messages of OpenTelemetry's GenAI conventions."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from tracehub.exporters.shortening import json_value
from tracehub.foundation.completions import completion
from tracehub.foundation.history import History
from tracehub.foundation.message_parts import Message, MessagePart

Part = dict[str, object]
# Where in a conversation something belongs, and what it is there.
Told = tuple[Literal["instructions", "messages", "tools"], list[Part]]

_FINISH_REASONS = {
    "end_turn": "stop",
    "stop": "stop",
    "stop_sequence": "stop",
    "complete": "stop",
    "max_tokens": "length",
    "length": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_call",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "refusal": "content_filter",
}
_TOOLS = ("tools", "toolConfig")


class Conversation(NamedTuple):
    """What a prompt holds."""

    instructions: list[Part]
    messages: list[Part]
    tools: list[Part]


def histories() -> History[Told]:
    """Reads the prompts of one trace into what `conversation` puts together."""
    return History(_told)


def conversation(prompt: str, history: History[Told]) -> Conversation:
    """The prompt's instructions, messages and offered tools; messages without content, and other settings of the
    request, are left out."""
    found = Conversation([], [], [])
    for place, told in history.of(prompt):
        getattr(found, place).extend(told)
    return found


def answered(parts: Sequence[MessagePart], reasoning: str | None, reason: str | None, *, failed: bool) -> list[Part]:
    """A completion as the list of its one message; `reason` is the model's word for why it stopped.

    The schema demands a reason: where the model gave none, it follows from what the message holds.
    """
    told: list[Part] = [_part(part) for part in parts]
    if reasoning is not None and not any(part.kind == "reasoning" for part in parts):
        told.insert(0, {"type": "reasoning", "content": reasoning})
    if not told:
        return []
    calls = any(part.kind == "tool_use" for part in parts)
    concluded = "error" if failed else "tool_call" if calls else "stop"
    return [{"role": "assistant", "parts": told, "finish_reason": finish_reason(reason) or concluded}]


def completion_parts(output: str | None, parsed: str | None) -> tuple[MessagePart, ...]:
    """The completion's parts; of one that only the parser's reading was kept, that."""
    if output is not None:
        return completion(output)
    return (MessagePart("text", parsed),) if parsed else ()


def finish_reason(reason: str | None) -> str | None:
    """The convention's word for why a model stopped; its own where the convention has none."""
    return None if reason is None else _FINISH_REASONS.get(reason, reason)


def said(role: str, text: str | None, reason: str | None = None) -> list[Part]:
    """One message of text, or none."""
    if text is None:
        return []
    message: Part = {"role": role, "parts": [{"type": "text", "content": text}]}
    return [message | {"finish_reason": reason}] if reason else [message]


def _told(message: Message) -> Told:
    if message.role == "system":
        return "instructions", [_part(part) for part in message.parts]
    if message.role is None and all(part.name and part.kind == "json" for part in message.parts):
        return "tools", [tool for part in message.parts for tool in _tools(part)]
    parts = [_part(part) for part in message.parts]
    return "messages", [{"role": _role(message), "parts": parts}] if parts else []


def _role(message: Message) -> str:
    """A message of nothing but tools' results is the tools'; one that does not tell its role is what was asked."""
    if message.parts and all(part.kind == "tool_result" for part in message.parts):
        return "tool"
    return message.role or "user"


def _part(part: MessagePart) -> Part:
    match part.kind:
        case "text" | "reasoning":
            return {"type": part.kind, "content": part.text}
        case "tool_use" if part.name:
            arguments = json_value(part.text)
            call: Part = {"type": "tool_call", "name": part.name, "arguments": part.text}
            return _identified(call if arguments is None else call | {"arguments": arguments}, part)
        case "tool_result":
            result = json_value(part.text)
            return _identified(
                {"type": "tool_call_response", "response": part.text if result is None else result}, part
            )
        case _:
            other: Part = {"type": part.kind, "content": part.text}
            return other | {"name": part.name} if part.name else other


def _identified(told: Part, part: MessagePart) -> Part:
    return told | {"id": part.id} if part.id else told


def _tools(part: MessagePart) -> Iterable[Part]:
    """The tools that a Messages or Converse request offers."""
    if part.name not in _TOOLS:
        return
    offered = json_value(part.text)
    tools = offered.get("tools") if isinstance(offered, dict) else offered
    for tool in tools if isinstance(tools, list) else ():
        specified = tool.get("toolSpec", tool) if isinstance(tool, dict) else None
        if isinstance(specified, dict) and isinstance(specified.get("name"), str):
            yield _definition(specified)


def _definition(tool: dict[str, object]) -> Part:
    definition: Part = {"type": "function", "name": tool["name"]}
    if isinstance(tool.get("description"), str):
        definition["description"] = tool["description"]
    schema = tool.get("input_schema", tool.get("inputSchema"))
    if isinstance(schema, dict):
        definition["parameters"] = schema.get("json", schema)
    return definition
