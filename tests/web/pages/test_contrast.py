"""The colours of the style sheets can be told apart: axe leaves text and bars inside SVG to people."""

import re
from itertools import product

import pytest

from tracehub.resources import static_dir

SCHEMES = ("light", "dark")
# Every text may stand on the page, on what is raised or sunk, on chips, and on rows below the pointer or chosen.
TEXTS = ("fg", "mut", "acc", "model", "tool", "kb", "code", "guard", "text", "err", "ok", "warn")
GROUNDS = ("bg", "raise", "sink", "pick", "hover", "cur", "fail")
# Shapes without text: bars, brackets, the unaccounted rest, borders of what can be typed into or pressed.
SHAPES = ("model", "tool", "kb", "code", "guard", "text", "err", "box", "rest", "edge", "acc")
ROWS = ("bg", "raise", "hover")
MIXED = {"hover": ("acc", 0.06), "cur": ("acc", 0.15), "fail": ("err", 0.09)}

Colour = tuple[float, float, float]


def tokens(scheme: str) -> dict[str, Colour]:
    """The colours of page.css by name, and the grounds that session.css mixes of them."""
    css = (static_dir() / "css/page.css").read_text(encoding="utf-8")
    found = {
        name: _read(light if scheme == "light" else dark)
        for name, light, dark in re.findall(r"--(\w+):light-dark\((#\w+),(#\w+)\)", css)
    }
    for name, (colour, share) in MIXED.items():
        found[name] = tuple(  # type: ignore[assignment]
            a * share + b * (1 - share) for a, b in zip(found[colour], found["bg"], strict=True)
        )
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_can_be_read_on_every_ground(scheme: str) -> None:
    assert _faint(tokens(scheme), TEXTS, GROUNDS, 4.5) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_bar_and_border_can_be_seen(scheme: str) -> None:
    assert _faint(tokens(scheme), SHAPES, ROWS, 3) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_text_of_the_main_button_can_be_read(scheme: str) -> None:
    assert _faint(tokens(scheme), ("bg",), ("acc",), 4.5) == []


def test_the_grounds_are_mixed_as_the_style_sheet_says() -> None:
    css = (static_dir() / "css/session.css").read_text(encoding="utf-8")
    said = set(re.findall(r"([\w.:]+){background:color-mix\(in srgb,var\(--(\w+)\) (\d+)%,", css))
    assert {(".r:hover", "acc", "6"), (".r.cur", "acc", "15")} <= said
    assert ".fail{border-left:3px solid var(--err);background:color-mix(in srgb,var(--err) 9%,var(--bg))" in css


def test_the_measure_is_that_of_wcag() -> None:
    assert round(contrast(_read("#767676"), _read("#fff")), 2) == 4.54
    assert round(contrast(_read("#000"), _read("#fff")), 2) == 21


def contrast(one: Colour, other: Colour) -> float:
    """WCAG's contrast ratio."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _faint(colours: dict[str, Colour], fronts: tuple[str, ...], grounds: tuple[str, ...], least: float) -> list[str]:
    ratios = {(front, ground): contrast(colours[front], colours[ground]) for front, ground in product(fronts, grounds)}
    return [f"{front} on {ground}: {ratio:.2f}" for (front, ground), ratio in ratios.items() if ratio < least]


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (each / 255 for each in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _read(code: str) -> Colour:
    digits = code[1:] if len(code) == 7 else "".join(each * 2 for each in code[1:])
    red, green, blue = (int(digits[place : place + 2], 16) for place in (0, 2, 4))
    return red, green, blue
