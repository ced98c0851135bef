"""The action group in a tool's name."""

_VERBS = {"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"}


def action_group_of(tool: str) -> str | None:
    """The group in `group__function` and `VERB__group__path`; None where a name has no such parts."""
    first, separator, rest = tool.partition("__")
    if not separator:
        return None
    if first.upper() in _VERBS:
        group, separator, _ = rest.partition("__")
        return group if separator and group else None
    return first or None
