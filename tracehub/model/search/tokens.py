"""Cuts any text into the tokens that are searched: the same for what is stored and for what is asked.

A text is freed of what cannot be seen, normalised (NFKC) and casefolded. Its words are runs of letters, marks and
digits of any language; everything else separates them. Languages that write no spaces between words (Chinese, Japanese,
Thai, Lao, Khmer, Burmese; Korean too, as its endings are written together with the word) become overlapping pairs of
characters, and a run's last character stands alone once more, so that every character begins a token: 退款申请 is
退款, 款申, 申请, 请. Of a longer word the first MOST_CHARACTERS count.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import msgspec

MOST_CHARACTERS = 64
# Changes with everything that makes other tokens of a text: count up with a change here.
VERSION = f"1/{unicodedata.unidata_version}"

_UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e"  # Thai, digits aside
    "\u0e81-\u0ece\u0edc-\u0edf"  # Lao
    "\u1000-\u103f\u1050-\u108f\u109a-\u109d\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f"  # Burmese
    "\u1780-\u17d3\u17d7\u17dc\u17dd"  # Khmer
    "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7fb"  # Korean
    "\u3005-\u3007\u3031-\u3035\u303b\u303c\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"  # Japanese
    "\u31f0-\u31ff\U0001aff0-\U0001b2ff"  # Kana extensions
    "\u2e80-\u2fd5\u3105-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese
)
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_WORD = re.compile(r"[^\W_]+")
# Where marks and languages without spaces can be; most texts of Europe have none of these and are quickly cut.
_INTRICATE = re.compile("[\u0300-\u036f\u0483-\u0489\u0591-\u1fff\u20d0-\u20f0\u2c00-\U0010ffff]")
_CHUNK = re.compile(r"\S+")


class Piece(msgspec.Struct, frozen=True, gc=False):
    """One token, and the characters of the text it was made of: from `start` to before `end`."""

    token: str
    start: int
    end: int


def tokens(text: str) -> list[str]:
    """The tokens of `text` in order."""
    if text.isascii():
        found = _ASCII_WORD.findall(text.lower())
        return found if len(text) <= MOST_CHARACTERS else [word[:MOST_CHARACTERS] for word in found]
    folded = fold(text)
    if _INTRICATE.search(folded):
        return [token for token, _, _ in _cut(folded)]
    return [word[:MOST_CHARACTERS] for word in _WORD.findall(folded)]


def pieces(text: str) -> Iterator[Piece]:
    """The tokens of `text` with their places in it.

    Exact to the character; to the word where normalising moves characters across each other.
    """
    if text.isascii():
        for word in _ASCII_WORD.finditer(text.lower()):
            yield Piece(word[0][:MOST_CHARACTERS], word.start(), word.end())
        return
    for chunk in _CHUNK.finditer(text):
        folded, places = _placed(chunk[0], chunk.start())
        for token, start, end in _cut(folded):
            yield Piece(token, places[start][0], places[end - 1][1])


def asked(text: str) -> tuple[tuple[str, ...], bool]:
    """The tokens by which `text` is looked for, and whether the last one is only the beginning of one.

    What ends in a language without spaces may go on there: 退款 is found in 退款申请, and 退 as the beginning of 退款.
    """
    found = tuple(tokens(text))
    runs = list(_patterns().run.finditer(fold(text)))
    if not runs or runs[-1][1] is None:
        return found, False
    return (found, True) if len(runs[-1][1]) == 1 else (found[:-1], False)


def fold(text: str) -> str:
    """The text as it is compared."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", _patterns().unseen.sub("", text)).casefold()
    return unicodedata.normalize("NFKC", folded)


def _cut(folded: str) -> Iterator[tuple[str, int, int]]:
    for found in _patterns().run.finditer(folded):
        start, end = found.span()
        if found[1] is None:
            yield folded[start : min(end, start + MOST_CHARACTERS)], start, end
            continue
        for place in range(start, end):
            after = min(place + 2, end)
            yield folded[place:after], place, after


def _placed(chunk: str, offset: int) -> tuple[str, list[tuple[int, int]]]:
    """The chunk folded, and for each of its characters the characters of the text it came from."""
    folded, places = [], []
    for found in _patterns().cluster.finditer(chunk):
        part = fold(found[0])
        folded.append(part)
        places += [(found.start() + offset, found.end() + offset)] * len(part)
    whole = fold(chunk)
    if "".join(folded) == whole:
        return whole, places
    return whole, [(offset, offset + len(chunk))] * len(whole)


class _Patterns(msgspec.Struct, frozen=True):
    """`run` is a word, or group 1 of a language without spaces; `cluster` a character with what changes it."""

    run: re.Pattern[str]
    cluster: re.Pattern[str]
    unseen: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    unspaced = re.compile(f"[{_UNSPACED}]")
    marks, unseen = [], []
    for character in map(chr, (*range(0xA0, 0x20000), *range(0xE0000, 0xE0200))):
        category = unicodedata.category(character)
        if category == "Cf" or unicodedata.name(character, "").startswith("VARIATION SELECTOR"):
            unseen.append(character)
        elif category[0] == "M":
            marks.append(character)
    every_mark, hidden = _ranges(marks), _ranges([*unseen, "\u034f"])
    mark = _ranges([character for character in marks if not unspaced.match(character)])
    word = rf"[^\W_{_UNSPACED}]+(?:[{mark}]+[^\W_{_UNSPACED}]*)*"
    return _Patterns(
        re.compile(rf"([{_UNSPACED}][{_UNSPACED}{mark}]*)|{word}"),
        re.compile(
            # Vowels and finals of Korean syllables and Katakana's half-width voice marks melt into what is before them.
            rf"(?s:.)[{every_mark}{hidden}\u1160-\u11ff\ud7b0-\ud7fb\uff9e\uff9f]*"
        ),
        re.compile(f"[{hidden}]"),
    )


def _ranges(characters: list[str]) -> str:
    """The characters as the inside of a class of a pattern, neighbours together."""
    spans: list[list[int]] = []
    for code in sorted(map(ord, characters)):
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"{re.escape(chr(low))}-{re.escape(chr(high))}" for low, high in spans)
