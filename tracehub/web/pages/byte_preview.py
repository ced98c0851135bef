"""The beginning of bytes nobody could read, as text where it is text, else in hexadecimal."""

import msgspec

from tracehub.web.pages.visible import visible

SHOWN = 500
# As many as a phone is wide.
_A_LINE = 8
# The longest sequence of UTF-8 that a cut may have gone through.
_CUT = 3


class Preview(msgspec.Struct, frozen=True):
    """`text` is for a fixed-width block; `form` names what it is."""

    form: str
    text: str


def preview(data: bytes) -> Preview:
    """The first SHOWN bytes."""
    begins = data[:SHOWN]
    text = _text(begins, cut=len(data) > SHOWN)
    return Preview("text", visible(text)) if text is not None else Preview("hexadecimal", _hexadecimal(begins))


def _text(begins: bytes, *, cut: bool) -> str | None:
    for dropped in range(_CUT + 1 if cut else 1):
        try:
            text = begins[: len(begins) - dropped].decode()
        except UnicodeDecodeError:
            continue
        return text if not any(ord(each) < 0x20 and each not in "\t\r\n\x1b" for each in text) else None
    return None


def _hexadecimal(data: bytes) -> str:
    lines = []
    for start in range(0, len(data), _A_LINE):
        line = data[start : start + _A_LINE]
        shown = "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in line)
        lines.append(f"{start:04x}  {line.hex(' '):<{3 * _A_LINE - 1}}  {shown}")
    return "\n".join(lines)
