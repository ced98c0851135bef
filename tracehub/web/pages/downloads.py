"""Whole texts and raw events as files, for what is too large for a panel."""

from fastapi import APIRouter
from fastapi.responses import Response

from tracehub.analytics import content
from tracehub.errors import NotFoundError
from tracehub.model.span import Span
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.pages.panel import find_step
from tracehub.web.pages.saved_file import saved_file
from tracehub.web.pages.steps import require_span_id, require_trace_id
from tracehub.web.pages.texts import as_json

_TEXTS = (
    "input",
    "output",
    "rationale",
    "reasoning",
    "parsed_output",
    "query",
    "code",
    "execution_error",
    "request_body",
    "text",
)

router = APIRouter(include_in_schema=False)


@router.get("/traces/{trace_id}/events/{event_id}.json")
def event_file(trace_id: str, event_id: str, connection: Reading) -> Response:
    """One raw event, as received."""
    data = content.event(connection, require_trace_id(trace_id), require_trace_id(event_id))
    return saved_file(data, "application/json", f"{event_id}.json")


@router.get("/traces/{trace_id}/spans/{span_id}/{name}.txt")
def text_file(trace_id: str, span_id: str, name: str, connection: Reading, parts: Parts) -> Response:
    """One whole text of a step."""
    trace = content.trace(connection, require_trace_id(trace_id), parts.knowledge)
    span, _, _ = find_step(trace, require_span_id(span_id))
    return saved_file(
        _text(span, name).encode("utf-8", "replace"), "text/plain; charset=utf-8", f"{span_id}-{name}.txt"
    )


def _text(span: Span, name: str) -> str:
    value = getattr(span, name, None) if name in _TEXTS else None
    if value is None:
        raise NotFoundError(f"this step has no {name[:40]}")
    return value if isinstance(value, str) else as_json(value)
