"""The line that botocore's exceptions print when a stream or a call fails."""

import re

from tracehub.bedrock.found import Message
from tracehub.bedrock.shapes import EXCEPTIONS
from tracehub.bedrock.tolerant import encode
from tracehub.members import Json

_LINE = re.compile(
    r"An error occurred \((\w{1,100})\) when calling the Invoke(?:Inline)?Agent operation"
    r"(?: \(reached max retries: \d+\))?: (.*)"
)


def exception_in(line: str) -> Message | None:
    """The exception that a line of text reports, or None."""
    found = _LINE.search(line) if "An error occurred (" in line else None
    if found is None:
        return None
    name = found.group(1)[0].lower() + found.group(1)[1:]
    if name not in EXCEPTIONS:
        return None
    body: Json = {name: {"message": found.group(2).strip()}}
    return Message("exception", body, encode(body), None)
