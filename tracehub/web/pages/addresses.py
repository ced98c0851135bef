"""The addresses of pages and fragments."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from urllib.parse import quote


def session(session_id: str) -> str:
    """The page of a session."""
    return f"/sessions/{_part(session_id)}"


def turn(session_id: str, trace_id: str) -> str:
    """The page of a session, at one of its turns."""
    return f"{session(session_id)}?turn={trace_id}#t{trace_id}"


def turns_from(session_id: str, number: int) -> str:
    """The page of a session, its turns listed from this number on."""
    return f"{session(session_id)}?from={number}"


def step(session_id: str, trace_id: str, span_id: str) -> str:
    """The page of a session with the panel of one step."""
    return f"{session(session_id)}?step={trace_id}.{span_id}#s{span_id}"


def turn_fragment(session_id: str, trace_id: str) -> str:
    """The steps of one turn alone."""
    return f"/_/sessions/{_part(session_id)}/turns/{trace_id}"


def events(trace_id: str) -> str:
    """The raw events of a trace, by the API."""
    return f"/api/v1/traces/{trace_id}/events"


def event(trace_id: str, event_id: str) -> str:
    """One raw event as a file."""
    return f"/traces/{trace_id}/events/{event_id}.json"


def part(trace_id: str, span_id: str, name: str) -> str:
    """One whole text of a step as a file."""
    return f"/traces/{trace_id}/spans/{span_id}/{name}.txt"


def session_named(path: str) -> str:
    """The session that a path names, as `session` writes it."""
    if not path.startswith("~"):
        return path
    try:
        return urlsafe_b64decode(path[1:] + "==").decode()
    except (Error, ValueError):
        return path


def source(name: str) -> str:
    """The path of a source, on the pages; see source_named."""
    # Two slashes or a dot segment mean different things to different servers, so such a name's are written twice.
    awkward = "//" in name or not {".", ".."}.isdisjoint(name.split("/"))
    return f"/sources/{quote(name.replace('/', '%2F') if awkward else name)}"


def source_named(path: str) -> str:
    """The name of a source in a path, as `source` writes it: no name holds a per cent sign."""
    return path.replace("%2F", "/")


def _part(text: str) -> str:
    # What means different things to different servers, and what would look like this, is written in base 64.
    if text.startswith("~") or text in (".", "..") or "/" in text or "\\" in text or not text.isprintable():
        return "~" + urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return quote(text, safe="")
