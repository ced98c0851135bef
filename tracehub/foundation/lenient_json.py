"""Reads JSON objects that prompts and completions are, with the faults Bedrock writes into them."""

import json
import re
from typing import cast

import msgspec

from tracehub.members import Json

# Bedrock puts a line's end as a backslash before a blank into prompts (9 captures), which is no escape in JSON.
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}|)')
_DECODER = msgspec.json.Decoder()


def parsed(source: str) -> Json | None:
    """The JSON object that `source` is, or None. A backslash that escapes nothing stands for itself."""
    try:
        document = _DECODER.decode(source)
    except (msgspec.DecodeError, UnicodeEncodeError):
        document = _repaired(source)
    except RecursionError:
        return None
    return cast("Json", document) if isinstance(document, dict) else None


def _repaired(source: str) -> object:
    if not (source.startswith("{") and source.rstrip().endswith("}")):
        return None
    try:
        return json.loads(_ESCAPE.sub(_escape, source), strict=False)
    except (ValueError, RecursionError):
        return None


def _escape(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) > 1 else "\\\\"
