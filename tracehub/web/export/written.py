"""A destination's declaration as the configuration file has it, without secrets."""

from collections.abc import Mapping

from tracehub.model.destination import SEALED
from tracehub.web.pages.toml import text_of, value_of

_FIRST = ("name", "endpoint", "dialect")


def toml_of(words: Mapping[str, object]) -> str:
    """`[[destinations]]` with these words. A sealed value is written as where it could stand in a file."""
    names = [*(name for name in _FIRST if name in words), *(name for name in words if name not in _FIRST)]
    return "\n".join(["[[destinations]]", *(f"{name} = {_value(words[name])}" for name in names)]) + "\n"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(str(name))} = {_value(_shown(each))}" for name, each in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value_of(value)


def _shown(value: object) -> object:
    return "env:NAME" if value == SEALED else value


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else text_of(name)
