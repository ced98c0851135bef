"""Tells which operation of bedrock-agent-runtime a request calls, by AWS's own description of the service."""

import re
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote

from botocore.loaders import Loader

# Those whose answer is the stream of an agent.
TRACED = ("InvokeAgent", "InvokeInlineAgent")
_DOTTED = re.compile(rb"/\.{1,2}(?:/|\Z)|//|%2e", re.IGNORECASE)


class Operation(NamedTuple):
    """An operation with what its path names: `named` by the service's words, such as agentId."""

    name: str
    named: dict[str, str]


def operation_of(method: str, raw_path: bytes) -> Operation | None:
    """The operation; None where AWS describes none such, or where the path could mean another one to AWS."""
    if _DOTTED.search(raw_path):
        return None
    path = raw_path.decode("ascii", "replace")
    for name, of_method, pattern in _patterns():
        if of_method == method and (found := pattern.fullmatch(path)):
            return Operation(name, {label: unquote(value) for label, value in found.groupdict().items()})
    return None


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    model = Loader().load_service_model("bedrock-agent-runtime", "service-2")
    found = []
    for name, described in model["operations"].items():
        http = described["http"]
        template = http["requestUri"].partition("?")[0].rstrip("/")
        pattern = "".join(
            (f"(?P<{part[1:-1].rstrip('+')}>{'.+' if part.endswith('+}') else '[^/]+'})" if part[0] == "{" else part)
            for part in re.split(r"(\{[A-Za-z]+\+?\})", template)
            if part
        )
        found.append((name, http["method"], re.compile(pattern + "/?")))
    # The traced ones first: most calls are theirs.
    return tuple(sorted(found, key=lambda each: each[0] not in TRACED))
