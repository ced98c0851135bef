"""Long texts and JSON, cut to what a panel can show."""

import orjson

from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import size
from tracehub.web.pages.json_tree import json_tree
from tracehub.web.pages.sections import Payload, Text
from tracehub.web.pages.visible import visible

WHOLE = 256 * 1024
PREVIEW = 32 * 1024
_LONG = 6000


class Source:
    """Names the span whose texts are shown, so that a cut one can link to its whole."""

    def __init__(self, trace_id: str, span_id: str) -> None:
        self._trace_id = trace_id
        self._span_id = span_id

    def whole(self, name: str) -> str:
        """The address of one whole text."""
        return addresses.part(self._trace_id, self._span_id, name)


def text_section(title: str, text: str, *, whole: str | None = None, code: bool = False, folded: bool = False) -> Text:
    """The text, indented if it is JSON; beyond 256 KB its beginning and a link to all of it."""
    octets = len(text.encode("utf-8", "replace"))
    if octets > WHOLE:
        return Text(title=title, text=visible(text[:PREVIEW]), size=size(octets), code=code, folded=folded, whole=whole)
    pretty = indented(text)
    return Text(
        title=title,
        text=visible(pretty or text),
        size=size(octets) if octets > _LONG else "",
        code=code or pretty is not None,
        folded=folded,
    )


def payload_section(title: str, text: str, *, whole: str, folded: bool = False) -> Text | Payload:
    """The text as a tree if it is JSON that can be shown as one, else as it is."""
    octets = len(text.encode("utf-8", "replace"))
    tree = json_tree(text) if octets <= WHOLE else None
    if tree is None or folded:
        return text_section(title, text, whole=whole, code=True, folded=folded)
    return Payload(title=title, size=size(octets) if octets > _LONG else "", tree=tree, whole=whole)


def beginning(text: str, most: int = PREVIEW) -> str:
    """A text that has no address of its own: what of it can be shown, with an ellipsis where that is not all."""
    return visible(text if len(text) <= most else f"{text[:most]}…")


def indented(text: str) -> str | None:
    """The text indented where it is a JSON object or list, else None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return None


def as_json(value: object) -> str:
    """A value of parsed JSON, indented; its Python form where it is too deep or too large for JSON."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode()
    except (orjson.JSONEncodeError, RecursionError):
        return repr(value)


def cell(value: object) -> str:
    """A value as a table shows it: text as it is, the rest as JSON, a dash for nothing."""
    if value is None:
        return "—"
    if isinstance(value, str):
        return visible(value if len(value) <= _LONG else f"{value[:_LONG]}…")
    return visible(" ".join(as_json(value)[:_LONG].split()))
