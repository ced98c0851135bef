"""What a page says after something was done: it stands in the address, so it works without JavaScript."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from tracehub.web.pages.visible import one_line


def told(query: QueryParams, sentences: Mapping[str, str]) -> str | None:
    """The sentence for `?done=`, with `?name=` in it; None where nothing was done, or nothing that is known."""
    sentence = sentences.get(query.get("done", ""))
    return sentence.replace("{name}", one_line(query.get("name", ""), 100)) if sentence else None


def back_to(path: str, **values: str) -> str:
    """The address of a page with these values; those that are empty are left out."""
    return f"{path}?{urlencode({name: value for name, value in values.items() if value})}"
