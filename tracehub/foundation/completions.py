"""Reads what a model answered: its parts, why it stopped, cached tokens."""

from tracehub.foundation.content_blocks import content_parts
from tracehub.foundation.lenient_json import parsed
from tracehub.foundation.message_parts import MessagePart
from tracehub.foundation.xml_text import xml_parts
from tracehub.members import Json, integer, mapping, text

_CACHE_READ = ("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount")
_CACHE_WRITE = ("cache_creation_input_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount")


def completion(raw: str | None) -> tuple[MessagePart, ...]:
    """The parts of `rawResponse.content`: Messages or Converse JSON, or text that may be cut at a stop sequence."""
    if not raw:
        return ()
    document = parsed(raw) if raw.lstrip()[:1] == "{" else None
    if document is None:
        return xml_parts(raw)
    content = _content(document)
    try:
        return (MessagePart("json", raw),) if content is None else content_parts(content)
    except RecursionError:
        return (MessagePart("json", raw),)


def stop_reason(raw: str | None) -> str | None:
    """Why the model stopped, in the model's own word; None where the completion does not say."""
    document = _head(raw, "stop")
    return text(document, "stop_reason") or text(document, "stopReason")


def cache_tokens(raw: str | None) -> tuple[int | None, int | None]:
    """Tokens (read from, written to) the prompt cache; None is not reported."""
    usage = mapping(_head(raw, "cache"), "usage")
    return _first(usage, _CACHE_READ), _first(usage, _CACHE_WRITE)


def _content(document: Json) -> object:
    for holder in (mapping(mapping(document, "output"), "message"), document):
        for name in ("content", "completion", "generation"):
            if isinstance(holder.get(name), list | str):
                return holder[name]
    return None


def _head(raw: str | None, word: str) -> Json:
    """The completion as JSON if it may hold `word`, else nothing."""
    if raw is None or not raw.startswith("{") or word not in raw:
        return {}
    return parsed(raw) or {}


def _first(usage: Json, names: tuple[str, ...]) -> int | None:
    return next((found for name in names if (found := integer(usage, name)) is not None), None)
