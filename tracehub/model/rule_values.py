"""The values of rules' words: each read from what was written; ValueError says what is wrong with it."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from urllib.parse import urlsplit

from tracehub.model.measure import Unit
from tracehub.model.rule_amounts import read_amount, read_share

LONGEST_TEXT = 500


def unknown_word(value: object, known: Collection[str]) -> str:
    """That a word is not known, and the one that was probably meant."""
    words = [str(each) for each in known]
    close = get_close_matches(str(value).lower().replace("-", "_"), words, n=1, cutoff=0.6)
    hint = f": did you mean {close[0]}?" if close else f": one of {listed(words)}"
    return f"{shown(value)} is not known here{hint}"


def listed(words: Iterable[str], last: str = "or") -> str:
    """Words as a sentence lists them."""
    *others, end = words
    return f"{', '.join(others)} {last} {end}" if others else end


def shown(value: object) -> str:
    """A value as a message quotes it."""
    return repr(value)[:60]


def text_of(value: object) -> str:
    """A text, or a whole number as one."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or "\x00" in value:
        msg = f"{shown(value)} is not a text of 1 to {LONGEST_TEXT} characters"
        raise ValueError(msg)
    return value


def whole_number(value: object, least: int, most: int) -> int:
    """A whole number within bounds."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        msg = f"{shown(value)} is not a whole number from {least} to {most}"
        raise ValueError(msg)
    return value


def percentile_of(value: object) -> float:
    """`95` or `p95`."""
    text = value.strip().lower().removeprefix("p") if isinstance(value, str) else value
    try:
        found = float(text) if isinstance(text, str | int | float) else -1.0
    except ValueError:
        found = -1.0
    if value is True or not 0 < found < 100:
        msg = f"{shown(value)} is no percentile such as 95 or 99.9"
        raise ValueError(msg)
    return found


def objective_of(value: object) -> float:
    """A share that leaves a budget."""
    share = read_share(value)
    if not 0 < share < 1:
        msg = f"{shown(value)} leaves no budget: an objective lies between 0% and 100%, such as 99%"
        raise ValueError(msg)
    return share


def factor_of(value: object) -> float:
    """A number greater than 0."""
    found = read_amount(value, Unit.COUNT)
    if found <= 0:
        raise ValueError("a factor is greater than 0")
    return found


def margin_of(value: object) -> float:
    """A share of a former value: it may be more than all of it."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return read_amount(value.strip()[:-1], Unit.COUNT) / 100
    return read_amount(value, Unit.COUNT)


def share_or_off(value: object) -> float | None:
    """A share, or None for `off`."""
    if value is False or value == "off":
        return None
    return read_share(value)


def address_of(value: object) -> str:
    """An address of the web."""
    text = text_of(value).strip()
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or any(character.isspace() for character in text):
        msg = f"{shown(value)} is no address that begins with https:// or http://"
        raise ValueError(msg)
    return text
