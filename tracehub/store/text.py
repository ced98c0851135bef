"""Makes any text fit for a text column of either database."""


def clean(value: str | None, limit: int | None = None) -> str | None:
    """`value` with visible marks for U+0000 and lone surrogates, cut to `limit` characters with an ellipsis."""
    if value is None:
        return None
    if limit is not None and len(value) > limit:
        value = value[: limit - 1] + "…"
    if "\x00" in value:
        value = value.replace("\x00", "␀")
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()
    return value


def excerpt(value: str | None, limit: int) -> str | None:
    """The first `limit` characters of `value` on one line."""
    return None if value is None else clean(" ".join(value[: limit * 4].split()), limit)
