"""Brings text to UTF-8."""

import codecs

_UTF_8 = codecs.BOM_UTF8
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_utf16(data: bytes) -> bool:
    """Whether `data` begins with the mark of UTF-16, in which PowerShell redirects output."""
    return data.startswith(_UTF_16)


def as_utf8(data: bytes) -> bytes:
    """`data` in UTF-8 without a byte order mark; what is invalid in UTF-8 stays as it is."""
    if data.startswith(_UTF_8):
        return data[len(_UTF_8) :]
    return data.decode("utf-16", "replace").encode() if is_utf16(data) else data
