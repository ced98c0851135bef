"""Prompts and completions as messages for the panel."""

from tracehub.foundation.completions import completion
from tracehub.foundation.message_parts import Message, MessagePart
from tracehub.foundation.prompts import messages
from tracehub.web.pages.amounts import size
from tracehub.web.pages.sections import Messages, Part, Said, Text
from tracehub.web.pages.texts import PREVIEW, WHOLE, indented, text_section
from tracehub.web.pages.visible import visible

_FOLD_AT = 900
_ROLES = {"system": "System", "user": "User", "assistant": "Assistant", None: "Prompt"}
_CODE = ("tool_use", "tool_result", "json")


def prompt_section(prompt: str, whole: str) -> Messages | Text:
    """The prompt message by message; beyond 256 KB the beginning of its text and a link to all of it."""
    if len(prompt) > WHOLE:
        return text_section("Prompt", prompt, whole=whole, code=True)
    found = messages(prompt)
    last = len(found) - 1
    said = tuple(_said(message, fold=place != last or message.role == "system") for place, message in enumerate(found))
    return Messages(title="Prompt", size=_size(prompt), messages=said)


def completion_section(raw: str, whole: str) -> Messages | Text:
    """The completion's parts; beyond 256 KB the beginning of its text and a link to all of it."""
    if len(raw) > WHOLE:
        return text_section("Completion", raw, whole=whole, code=True)
    parts = tuple(_part(part) for part in completion(raw))
    return Messages(title="Completion", size=_size(raw), messages=(Said("Assistant", "assistant", "", False, parts),))


def _said(message: Message, *, fold: bool) -> Said:
    parts = tuple(_part(part) for part in message.parts)
    length = sum(len(part.text) for part in parts)
    role = _ROLES.get(message.role) or visible(message.role or "")
    tone = message.role if message.role in _ROLES and message.role else "other"
    return Said(role, tone, f"{length:,} characters", fold and length > _FOLD_AT, parts)


def _part(part: MessagePart) -> Part:
    text = part.text if len(part.text) <= WHOLE else f"{part.text[:PREVIEW]}…"
    code = part.kind in _CODE
    return Part(_caption(part), visible((indented(text) if code else None) or text), code)


def _caption(part: MessagePart) -> str:
    name = visible(part.name or "")
    match part.kind:
        case "tool_use":
            return f"Calls {name}"
        case "tool_result":
            return f"Result of {name}" if name else "Tool result"
        case "reasoning":
            return "Reasoning"
        case "image" | "document":
            return f"{part.kind.capitalize()} {name}".strip()
        case "json" | "text":
            return name


def _size(text: str) -> str:
    return size(len(text.encode("utf-8", "replace")))
