"""The addresses of pages and fragments."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from urllib.parse import quote, urlencode

# The endings of twins for machines: a name that has one is written so that it does not look like a twin.
ENDINGS = (".json", ".ndjson", ".csv", ".md")

# Pages that stand beside those of rules and channels.
_PAGES = {"new", "suggested"}


def session(session_id: str) -> str:
    """The page of a session."""
    return f"/sessions/{_part(session_id)}"


def sessions(**filters: str) -> str:
    """The list of sessions with these filters."""
    return f"/sessions?{urlencode(filters)}" if filters else "/sessions"


def comparison(session_id: str) -> str:
    """The page that compares a session with another one."""
    return f"/compare/sessions?{urlencode({'a': session_id})}"


def turn(session_id: str, trace_id: str, view: str = "") -> str:
    """The page of a session, at one of its turns; `view` is the query string of how to look at it."""
    return f"{session(session_id)}?{_before(view)}turn={trace_id}#t{trace_id}"


def turns_from(session_id: str, number: int, view: str = "") -> str:
    """The page of a session, its turns listed from this number on."""
    return f"{session(session_id)}?{_before(view)}from={number}"


def step(session_id: str, trace_id: str, span_id: str, view: str = "") -> str:
    """The page of a session with the panel of one step."""
    return f"{session(session_id)}?{_before(view)}step={trace_id}.{span_id}#s{span_id}"


def turn_fragment(session_id: str, trace_id: str, view: str = "") -> str:
    """The steps of one turn alone."""
    return f"/_/sessions/{_part(session_id)}/turns/{trace_id}{'?' if view else ''}{view}"


def stream(session_id: str, after: int) -> str:
    """What tells of the turns of a session that change after this moment."""
    return f"/_/sessions/{_part(session_id)}/stream?after={after}"


def events(trace_id: str) -> str:
    """The raw events of a trace, by the API."""
    return f"/api/v1/traces/{trace_id}/events"


def trace_json(trace_id: str) -> str:
    """A whole trace as JSON, by the API."""
    return f"/api/v1/traces/{trace_id}"


def session_json(session_id: str) -> str:
    """A session as JSON, by the API."""
    return f"/api/v1/sessions/{_part(session_id)}"


def session_markdown(session_id: str) -> str:
    """A session as Markdown."""
    return f"/transcripts/{_part(session_id)}"


def turn_markdown(trace_id: str) -> str:
    """A turn as Markdown."""
    return f"/traces/{trace_id}/turn.md"


def boto3_call(trace_id: str) -> str:
    """A turn as the Python call that asks it."""
    return f"/traces/{trace_id}/invoke_agent.py"


def step_json(trace_id: str, span_id: str) -> str:
    """A step as JSON."""
    return f"/traces/{trace_id}/spans/{span_id}.json"


def event(trace_id: str, event_id: str) -> str:
    """One raw event as a file."""
    return f"/traces/{trace_id}/events/{event_id}.json"


def part(trace_id: str, span_id: str, name: str) -> str:
    """One whole text of a step as a file."""
    return f"/traces/{trace_id}/spans/{span_id}/{name}.txt"


def tool(name: str) -> str:
    """The page of a tool."""
    return f"/tools/{_part(name)}"


def named(path: str) -> str:
    """What a path names, as `session`, `tool`, `alert_rule` and `alert_channel` write it."""
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


def alert_rule(name: str) -> str:
    """The page of an alert rule; see named."""
    return f"/alerts/rules/{_part(name) if name not in _PAGES else _coded(name)}"


def alert_channel(name: str) -> str:
    """The page of a channel that alerts are told on; see named."""
    return f"/alerts/channels/{_part(name) if name not in _PAGES else _coded(name)}"


def destination(name: str) -> str:
    """The path of a destination of exports, as of a source; see source_named."""
    return source(name).replace("/sources/", "/destinations/", 1)


def _before(query: str) -> str:
    return f"{query}&" if query else ""


def _part(text: str) -> str:
    # What means different things to different servers, and what would look like this, is written in base 64.
    if (
        text.startswith("~")
        or text in (".", "..")
        or "/" in text
        or "\\" in text
        or not text.isprintable()
        or text.endswith(ENDINGS)
    ):
        return _coded(text)
    return quote(text, safe="")


def _coded(text: str) -> str:
    return "~" + urlsafe_b64encode(text.encode()).decode().rstrip("=")
