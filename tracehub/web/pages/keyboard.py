"""The keys that the scripts know, as the help shows them."""

from collections.abc import Iterable

KEYS = (
    ("j  k", "next and previous row"),
    ("e  E", "next and previous error in a session"),
    ("t", "next tool call in a session"),
    ("Home  End", "first and last step in a session"),
    ("n  N", "next and previous hit of find in a session"),
    ("J  K", "next and previous turn"),
    ("+  -", "open and close all turns"),
    ("y  Y", "copy the link; copy the step as JSON"),
    ("<  >", "previous and next session of the list"),
    ("Enter", "open the row, open or close a turn"),
    ("[  ]", "newer and older page of a list"),
    ("Space  .", "pause or follow, and jump to the newest step, on Live"),
    ("Esc", "close the step"),
    ("/", "search, or find in a session"),
    ("?", "this help"),
)


def keys_of(sections: Iterable[tuple[str, str, str]]) -> tuple[tuple[str, str], ...]:
    """KEYS and the ways to the sections: (path, label, letter)."""
    ways = tuple((f"g {letter}", f"go to {label}") for _, label, letter in sections)
    return (*KEYS, *ways)
