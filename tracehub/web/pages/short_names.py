"""The part of a long name that tells it from its neighbours."""

import re
from functools import lru_cache

from tracehub.model.listing import SpanRow

_REGION = re.compile(r"^(us|eu|apac|au|ca|jp|us-gov|global)\.")
_VENDOR = re.compile(r"^(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|qwen|openai)\.")
_VERSION = re.compile(r"(-\d{8})?(-v\d+)?(:\d+)?(:\d+k)?$")


@lru_cache(maxsize=1000)
def model_name(model_id: str | None) -> str:
    """`claude-3-5-haiku` for `us.anthropic.claude-3-5-haiku-20241022-v1:0`."""
    if not model_id:
        return "model not named"
    name = _VENDOR.sub("", _REGION.sub("", model_id.rpartition("/")[2]))
    return _VERSION.sub("", name) or model_id


@lru_cache(maxsize=1000)
def tool_name(name: str) -> tuple[str, str]:
    """What is called, and in which action group: `Orders__refund` is refund of Orders."""
    match name.split("__"):
        case [group, function] if group and function:
            return function, group
        case [verb, group, path] if verb.isupper() and path:
            return f"{verb} {path}", group
        case _:
            return name, ""


def span_name(span: SpanRow) -> tuple[str, str]:
    """A span's short name and what it belongs to."""
    match span.kind:
        case "model":
            return model_name(span.model_id), ""
        case "tool":
            return tool_name(span.name)
        case _:
            return span.name, ""
