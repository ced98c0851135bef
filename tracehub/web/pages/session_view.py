"""How a person looks at a session, as the query string of its page says it."""

import re
from collections.abc import Iterable
from urllib.parse import quote, urlencode

import msgspec
from starlette.datastructures import QueryParams

from tracehub.model.span import SPAN_KINDS
from tracehub.store.text import clean

LONGEST_FIND = 200
FORMS = {"timeline": "Timeline", "chat": "Chat", "raw": "Raw"}
LONGEST_FOLD = 1700
LONGEST_LIST = 2000
_UNIT = re.compile("all|[0-9a-f]{32}|[0-9a-f]{16}(?:-inside)?")
_NO_KIND = "none"


class View(msgspec.Struct, frozen=True, kw_only=True):
    """`kinds` are those shown (None is every one), `errors` shows nothing but errors and the path to them.

    `form` is one of FORMS, `find` the text whose hits are marked. With `session_axis` all turns share one time axis.
    `fold` names what is folded: turns, iterations, collaborators. `listed` is the query string of the list that the
    session was opened from.
    """

    form: str = "timeline"
    kinds: tuple[str, ...] | None = None
    errors: bool = False
    find: str = ""
    session_axis: bool = False
    fold: frozenset[str] = frozenset()
    listed: str = ""

    @property
    def partial(self) -> bool:
        """Whether some steps may be hidden."""
        return self.errors or self.kinds is not None


WHOLE = View()


def read_view(query: QueryParams) -> View:
    """The view that the query string asks for; what is unknown in it is no condition."""
    form = query.get("view", "")
    return View(
        form=form if form in FORMS else "timeline",
        kinds=_kinds(query.getlist("kind")),
        errors=query.get("errors") == "1",
        find=_text(query.get("find", "")),
        session_axis=query.get("axis") == "session",
        fold=_folded(query.get("fold", "")),
        listed=query.get("in", "")[:LONGEST_LIST],
    )


def query_of(view: View, **more: str) -> str:
    """The query string of a view with more values, without its question mark; empty for the whole session."""
    return urlencode([*fields_of(view), *more.items()], safe=",", quote_via=quote)


def fields_of(view: View) -> tuple[tuple[str, str], ...]:
    """The names and values that spell the view."""
    values: list[tuple[str, str]] = []
    if view.form != "timeline":
        values.append(("view", view.form))
    if view.kinds is not None:
        values.append(("kind", ",".join(view.kinds) or _NO_KIND))
    if view.errors:
        values.append(("errors", "1"))
    if view.session_axis:
        values.append(("axis", "session"))
    if view.fold:
        values.append(("fold", ",".join(sorted(view.fold))))
    if view.find:
        values.append(("find", view.find))
    if view.listed:
        values.append(("in", view.listed))
    return tuple(values)


def address_of(href: str, view: View, **more: str) -> str:
    """The address of a session's page in this view."""
    query = query_of(view, **more)
    return f"{href}?{query}" if query else href


def everything(view: View) -> View:
    """The view with no step hidden."""
    return msgspec.structs.replace(view, kinds=None, errors=False)


def switched(view: View, kind: str, present: Iterable[str]) -> View:
    """The view with this kind switched: hidden where it is shown, shown where it is hidden."""
    every = tuple(present)
    shown = set(every if view.kinds is None else view.kinds) ^ {kind}
    kinds = tuple(name for name in every if name in shown)
    return msgspec.structs.replace(view, kinds=None if kinds == every else kinds)


def _text(word: str) -> str:
    return " ".join((clean(word[:LONGEST_FIND]) or "").split())


def _folded(words: str) -> frozenset[str]:
    return frozenset([name for name in words[:LONGEST_FOLD].split(",") if _UNIT.fullmatch(name)])


def _kinds(words: Iterable[str]) -> tuple[str, ...] | None:
    asked = {name for word in words for name in word.split(",")}
    if asked == {_NO_KIND}:
        return ()
    return tuple(kind for kind in SPAN_KINDS if kind in asked) or None
