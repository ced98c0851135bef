"""What models answer, as the raw response has it."""

from random import Random
from typing import Any

import orjson

Json = dict[str, Any]


def anthropic(chance: Random, text: str, calls: list[tuple[str, str, Json]], *, cached: int | None = None) -> str:
    """Anthropic Messages JSON with a text and tool_use blocks (id, name, input)."""
    content: list[Json] = [{"text": text, "type": "text"}] if text else []
    content += [{"id": call_id, "input": given, "name": name, "type": "tool_use"} for call_id, name, given in calls]
    usage: Json = {"input_tokens": 1200, "output_tokens": 120}
    if cached is not None:
        usage |= {"cache_read_input_tokens": cached, "cache_creation_input_tokens": 0}
    return orjson.dumps(
        {
            "content": content,
            "id": f"msg_bdrk_{chance.getrandbits(64):016x}",
            "model": "claude",
            "role": "assistant",
            "stop_reason": "tool_use" if calls else "end_turn",
            "stop_sequence": None,
            "type": "message",
            "usage": usage,
        }
    ).decode()


def converse(text: str, calls: list[tuple[str, str, Json]]) -> str:
    """Converse JSON, as Amazon's models answer."""
    content: list[Json] = [{"text": text}] if text else []
    content += [{"toolUse": {"input": given, "name": name, "toolUseId": call_id}} for call_id, name, given in calls]
    stop = "tool_use" if calls else "end_turn"
    return orjson.dumps({"output": {"message": {"content": content, "role": "assistant"}}, "stopReason": stop}).decode()


def tool_use_id(chance: Random) -> str:
    """An id as models give to their tool calls."""
    return f"toolu_bdrk_{chance.getrandbits(60):015x}"


def java_call(call_id: str, name: str, given: Json) -> str:
    """A tool call in a prompt, in Java's toString."""
    arguments = ", ".join(f"{key}={value}" for key, value in given.items())
    return f"[{{input={{{arguments}}}, name={name}, id={call_id}, type=tool_use}}]"


def java_result(call_id: str, text: str) -> str:
    """A tool's result in a prompt, in Java's toString."""
    return f"[{{tool_use_id={call_id}, type=tool_result, content=[{{text={text}, type=text}}]}}]"
