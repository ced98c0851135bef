"""Makes characters visible that would hide or reorder text."""

import re

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: "␡"}
_HIDING = (
    (0x80, 0x9F),  # C1 controls
    (0x061C, 0x061C),  # Arabic letter mark
    (0x200B, 0x200F),  # zero-width characters and direction marks
    (0x2028, 0x202E),  # line and paragraph separators, embeddings and overrides
    (0x2060, 0x2069),  # invisible operators and isolates
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFF9, 0xFFFB),  # interlinear annotation
    (0xD800, 0xDFFF),  # lone surrogates: no encoding can write them
    (0xE0000, 0xE007F),  # tags
)
# Joiners build emoji and are needed in Indic and Persian text.
_JOINERS = (0x200C, 0x200D)
_MARKS = {
    **_PICTURES,
    **{code: f"⟦U+{code:04X}⟧" for low, high in _HIDING for code in range(low, high + 1) if code not in _JOINERS},
}
_HIDDEN = re.compile(f"[{''.join(re.escape(chr(code)) for code in _MARKS)}]")


def visible(text: str) -> str:
    """The text with C0 and bidi controls and their like as visible marks; line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return _HIDDEN.sub(_mark, text)


def one_line(text: str, limit: int) -> str:
    """The text on one line, visible, at most `limit` characters with an ellipsis."""
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return visible(" ".join(text.split()))


def _mark(found: re.Match[str]) -> str:
    return _MARKS[ord(found[0])]
