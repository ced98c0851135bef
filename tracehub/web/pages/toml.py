"""Writes a declaration of a source as the configuration file has it."""

from collections.abc import Mapping, Sequence

_FIRST = ("kind", "name", "log_groups", "bucket", "prefix", "queue_url")
_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def toml_of(words: Mapping[str, object]) -> str:
    """`[[sources]]` with these words, each a text, a number or a list of texts; what says most first.

    Characters that cannot be seen are escaped, so what is shown is what is copied.
    """
    first = [name for name in _FIRST if name in words]
    rest = [name for name in words if name not in first]
    return "\n".join(["[[sources]]", *(f"{name} = {value_of(words[name])}" for name in (*first, *rest))]) + "\n"


def value_of(value: object) -> str:
    """A text, a number or a list of texts."""
    match value:
        case str():
            return text_of(value)
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return repr(value)
        case Sequence():
            return _list([text_of(str(each)) for each in value])
        case _:
            msg = f"{type(value).__name__} is no value of a declaration"
            raise TypeError(msg)


def _list(texts: Sequence[str]) -> str:
    if len(texts) < 2:
        return f"[{''.join(texts)}]"
    return "\n".join(["[", *(f"  {text}," for text in texts), "]"])


def text_of(text: str) -> str:
    """Between quotes, with escapes for what cannot be seen."""
    return f'"{"".join(_character(each) for each in text)}"'


def _character(each: str) -> str:
    if each in _ESCAPES:
        return _ESCAPES[each]
    if each.isprintable():
        return each
    return f"\\u{ord(each):04X}" if ord(each) < 0x10000 else f"\\U{ord(each):08X}"
