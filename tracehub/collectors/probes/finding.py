"""What an examination found, in words for a person."""

from typing import Literal

import msgspec

Level = Literal["ok", "warning", "problem"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`what` was found, and what to do about it: `remedy`, None where nothing needs doing.

    `action` is the IAM action that is missing and `resource` the ARN on which it is, where that is what is wrong.
    """

    level: Level
    what: str
    remedy: str | None = None
    action: str | None = None
    resource: str | None = None


def ok(what: str) -> Finding:
    """Nothing is wrong."""
    return Finding(level="ok", what=what)


def warning(what: str, remedy: str) -> Finding:
    """It works, but not as well as it should."""
    return Finding(level="warning", what=what, remedy=remedy)


def problem(what: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(level="problem", what=what, remedy=remedy)
