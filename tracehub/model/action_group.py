"""The action group in a tool's name."""

from functools import lru_cache

_VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


@lru_cache(maxsize=4096)
def action_group_of(tool: str) -> str | None:
    """The group in `Group__function` or `VERB__Group__path`; None where the name has none."""
    parts = tool.split("__", 2)
    if parts[0] in _VERBS and len(parts) == 3:
        return parts[1]
    return parts[0] if len(parts) > 1 else None
