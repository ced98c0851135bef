"""Refuses what would read as another request over HTTP/1.1, by which AWS is called: HTTP/2 carries any bytes."""

import re
from collections.abc import Iterable

from tracehub.proxy.signing.refusals import RefusedError

# RFC 9110, 5.6.2
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_METHOD = re.compile(r"(?!CONNECT\Z)[A-Z]+(?:-[A-Z]+)*")
_PATH = re.compile(rb"/[!-~]*")
_QUERY = re.compile(rb"[!-~]*")
_HEADERS = re.compile(rb"(?:%b:[\t -~\x80-\xff]*\n)*" % _TOKEN)


def require_well_formed(method: str, raw_path: bytes, raw_query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """RefusedError where the request could not be sent on as it stands.

    A path that does not begin with a slash would go on as a part of the host's name.
    """
    if not _METHOD.fullmatch(method):
        raise _malformed("method")
    if not _PATH.fullmatch(raw_path) or not _QUERY.fullmatch(raw_query) or b"#" in raw_path + raw_query:
        raise _malformed("path")
    lines = b"".join([b"%b:%b\n" % each for each in headers])
    if not _HEADERS.fullmatch(lines) or not _is_text(lines):
        raise _malformed("headers")


def _is_text(lines: bytes) -> bool:
    """aiohttp sends what is UTF-8, and only that, as it came."""
    if lines.isascii():
        return True
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _malformed(what: str) -> RefusedError:
    return RefusedError(400, "ValidationException", f"The {what} of the request cannot be passed on.")
