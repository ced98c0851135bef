"""The fields of forms, as they were typed, each with what is wrong with it."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from fastapi import Request

from tracehub.web.pages.visible import visible

# What was typed: every value of every field.
Typed = Mapping[str, Sequence[str]]


class Option(msgspec.Struct, frozen=True):
    """One of the values to choose from."""

    value: str
    text: str
    chosen: bool


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One word. `form` is line, lines, select, ticks or secret; `wrong` says what to mend.

    `only` is the choice of the form with which it counts, empty for always.
    """

    name: str
    label: str
    help: str = ""
    form: str = "line"
    value: str = ""
    options: tuple[Option, ...] = ()
    placeholder: str = ""
    required: bool = False
    fixed: bool = False
    wrong: str = ""
    only: str = ""
    rows: int = 3

    @property
    def id(self) -> str:
        """For labels and descriptions."""
        return self.name.replace(".", "-")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Fields that belong together; `folded` ones are rarely needed."""

    heading: str
    help: str = ""
    folded: bool = False
    fields: tuple[Field, ...]

    @property
    def opened(self) -> bool:
        """Whether something in it was filled in, or is wrong."""
        return any(
            field.wrong or field.value or any(option.chosen for option in field.options if field.form == "ticks")
            for field in self.fields
        )


class Mistakes:
    """What is wrong, by the name of the field; the rest stands above the form."""

    def __init__(self, found: Iterable[tuple[str, str]], fields: Iterable[str]) -> None:
        self.of: dict[str, str] = {}
        others = []
        known = set(fields)
        for name, text in found:
            field = _nearest(name, known)
            if field is None:
                others.append(f"{name}: {text}" if name else text)
            else:
                self.of[field] = f"{self.of[field]}; {visible(text)}" if field in self.of else visible(text)
        self.others = tuple(visible(text) for text in others)


async def typed_in(request: Request) -> dict[str, list[str]]:
    """Every text of a posted form by its field."""
    found: dict[str, list[str]] = {}
    async with request.form(max_fields=200) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
    return found


def first(typed: Typed, name: str) -> str:
    """The one value of a field; empty where nothing was typed."""
    values = typed.get(name, ())
    return values[0].replace("\r\n", "\n") if values else ""


def options_of(choices: Iterable[tuple[str, str]], chosen: Iterable[str]) -> tuple[Option, ...]:
    """Options of (value, text)."""
    picked = set(chosen)
    return tuple(Option(value, text, value in picked) for value, text in choices)


def _nearest(name: str, known: set[str]) -> str | None:
    """The field that a path leads to, or to the whole of which it is a part."""
    while name:
        if name in known:
            return name
        name = name.rpartition(".")[0]
    return None
