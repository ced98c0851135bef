"""The pieces a step's panel is made of."""

import msgspec

from tracehub.web.pages.json_tree import Node


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A text as it is. `form` of code is monospaced; `whole` leads to the rest where this is only its beginning."""

    form: str = "text"
    title: str
    text: str
    size: str = ""
    code: bool = False
    folded: bool = False
    whole: str | None = None


class Part(msgspec.Struct, frozen=True):
    """One piece of a message: `caption` names the tool it calls or the result it brings."""

    caption: str
    text: str
    code: bool


class Said(msgspec.Struct, frozen=True):
    """One message of a prompt; long ones are folded."""

    role: str
    tone: str
    size: str
    folded: bool
    parts: tuple[Part, ...]


class Messages(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt or a completion."""

    form: str = "messages"
    title: str
    size: str
    messages: tuple[Said, ...]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under heads."""

    form: str = "table"
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Passage(msgspec.Struct, frozen=True):
    """One retrieved passage: where it lies and what its source says of it. `href` only where it is a web address."""

    number: int
    kind: str
    location: str
    href: str | None
    text: str | None
    metadata: str | None


class Passages(msgspec.Struct, frozen=True, kw_only=True):
    """What a lookup found; empty is zero hits."""

    form: str = "passages"
    title: str
    passages: tuple[Passage, ...]


class RawEvent(msgspec.Struct, frozen=True):
    """One event as received; `text` is None where only the link is shown."""

    name: str
    size: str
    text: str | None
    href: str


class RawEvents(msgspec.Struct, frozen=True, kw_only=True):
    """The events that a span was made from."""

    form: str = "events"
    title: str
    events: tuple[RawEvent, ...]
    all_href: str


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """JSON as a tree; `whole` is the file with all of it."""

    form: str = "json"
    title: str
    size: str
    tree: Node
    whole: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy of a guardrail found; `match` is the text that it objects to, shown only when asked for."""

    values: tuple[str, ...]
    match: str | None


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a guardrail found."""

    form: str = "findings"
    title: str
    heads: tuple[str, ...]
    findings: tuple[Finding, ...]


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """What one would look for here and is not there, with the reason."""

    form: str = "nothing"
    title: str
    reason: str


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Leads to another page."""

    form: str = "link"
    title: str
    text: str
    href: str


Section = Link | Text | Payload | Findings | Messages | Table | Passages | RawEvents | Nothing
