"""Finds the step that an address names, and its panel."""

import re

import msgspec
from sqlalchemy import Connection

from tracehub.analytics import content
from tracehub.analytics.knowledge import Knowledge
from tracehub.errors import NotFoundError
from tracehub.model.span import ToolSpan
from tracehub.store import traces
from tracehub.web.pages.panel import Panel, find_step, panel_of
from tracehub.web.pages.raw_events import SHOWN
from tracehub.web.pages.session_view import View

_STEP = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{16})")
_TRACE = re.compile(r"[0-9a-f]{32}")
_SPAN = re.compile(r"[0-9a-f]{16}")


class StepId(msgspec.Struct, frozen=True):
    """One step of one trace."""

    trace_id: str
    span_id: str


def read_step(word: str) -> StepId | None:
    """The step that `trace.span` names; None where it is not of that form."""
    found = _STEP.fullmatch(word)
    return StepId(found[1], found[2]) if found else None


def require_trace_id(word: str) -> str:
    """The word, if it can be a trace's id; NotFoundError else."""
    if not _TRACE.fullmatch(word):
        raise NotFoundError("there is no such trace: an id is 32 hex digits")
    return word


def require_span_id(word: str) -> str:
    """The word, if it can be a span's id; NotFoundError else."""
    if not _SPAN.fullmatch(word):
        raise NotFoundError("there is no such step: an id is 16 hex digits")
    return word


def panel_at(connection: Connection, knowledge: Knowledge, session_id: str, step: StepId, view: View) -> Panel:
    """The panel of a step; NotFoundError where this session has no such step."""
    number = traces.number_of(connection, session_id, step.trace_id)
    trace = content.trace(connection, step.trace_id, knowledge)
    span, _, _ = find_step(trace, step.span_id)
    raw = {name: content.event(connection, step.trace_id, name) for name in span.event_ids[:SHOWN]}
    linked = [span.answered_by] if isinstance(span, ToolSpan) and span.answered_by else []
    known = traces.sessions_of(connection, linked) if linked else {}
    return panel_of(session_id, number, trace, step.span_id, raw, known, view, knowledge.rules)
