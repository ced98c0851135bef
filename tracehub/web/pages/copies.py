"""What "Copy as" offers: each form is a file, which a script can also put on the clipboard."""

import msgspec

from tracehub.web.pages import addresses


class Copy(msgspec.Struct, frozen=True):
    """One form of a session, turn or step; without JavaScript `href` is a file, or for a link the page itself."""

    text: str
    href: str
    is_link: bool = False


def copies_of_session(session_id: str) -> tuple[Copy, ...]:
    """A session as a link, JSON and Markdown."""
    return (
        Copy("Link", addresses.session(session_id), is_link=True),
        Copy("JSON", addresses.session_json(session_id)),
        Copy("Markdown", addresses.session_markdown(session_id)),
    )


def copies_of_turn(session_id: str, trace_id: str, *, inline: bool) -> tuple[Copy, ...]:
    """A turn as a link, JSON, Markdown and the call that asked it, but for inline agents."""
    return (
        Copy("Link", addresses.turn(session_id, trace_id), is_link=True),
        Copy("JSON", addresses.trace_json(trace_id)),
        Copy("Markdown", addresses.turn_markdown(trace_id)),
        *(() if inline else (Copy("boto3 call", addresses.boto3_call(trace_id)),)),
    )


def copies_of_step(session_id: str, trace_id: str, span_id: str) -> tuple[Copy, ...]:
    """A step as a link and JSON."""
    return (
        Copy("Link", addresses.step(session_id, trace_id, span_id), is_link=True),
        Copy("JSON", addresses.step_json(trace_id, span_id)),
    )
