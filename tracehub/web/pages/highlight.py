"""Cuts a line out of a text around what was found in it, as pieces that are marked or not: never as markup."""

from collections.abc import Sequence

import msgspec

from tracehub.web.pages.visible import visible

BEFORE = 50
MOST = 180


class Bit(msgspec.Struct, frozen=True):
    """A piece of a line."""

    text: str
    marked: bool


def highlighted(text: str, places: Sequence[tuple[int, int]]) -> tuple[Bit, ...]:
    """About MOST characters of `text` on one line, from a little before the first of `places`; those in it are marked.

    `places` are in order and apart. What would hide or reorder text is made visible.
    """
    first = places[0][0] if places else 0
    start = _word_begin(text, first)
    end = min(len(text), start + MOST)
    bits = ["…"] if start else []
    marks = [False] if start else []
    at = start
    for begin, after in places:
        if begin >= end:
            break
        bits += [text[at:begin], text[begin : min(after, end)]]
        marks += [False, True]
        at = min(after, end)
    bits += [text[at:end], "…" if end < len(text) else ""]
    marks += [False, False]
    return tuple(Bit(_on_one_line(bit), marked) for bit, marked in zip(bits, marks, strict=True) if bit)


def _word_begin(text: str, first: int) -> int:
    """Where the line begins: at a space, where there is one."""
    earliest = max(0, first - BEFORE)
    space = text.find(" ", earliest, first)
    return earliest if earliest == 0 or space < 0 else space + 1


def _on_one_line(text: str) -> str:
    """Spaces at its ends stay: they part it from its neighbours."""
    begin = " " if text[:1].isspace() else ""
    end = " " if text[-1:].isspace() else ""
    return visible(f"{begin}{' '.join(text.split())}{end}") if text.strip() else " "
