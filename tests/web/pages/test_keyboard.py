"""The help names every key that the scripts know, and no other."""

import re

from tests.conftest import CHECKOUT
from tracehub.web.pages.keyboard import KEYS

_BOUND = re.compile(r'^ {2,4}("[^"]+"|\w+): (?:\(\) =>|step\()', re.M)
_SHORT = {"Escape": "Esc", " ": "Space"}
# Handled by the browser, or before the table of keys.
_ELSEWHERE = {"Enter", "?"}


def test_the_help_is_true() -> None:
    scripts = [path.read_text("utf-8") for path in (CHECKOUT / "templates/static/js").glob("*.js")]
    bound = {name.strip('"') for script in scripts for name in _BOUND.findall(script)}
    named = {key for keys, _ in KEYS for key in keys.split()}
    assert {_SHORT.get(key, key) for key in bound} == (named | {"g"}) - _ELSEWHERE
