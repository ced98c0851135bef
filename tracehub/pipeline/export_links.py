"""Which spans of other traces a trace that is exported points to."""

from collections import OrderedDict

from sqlalchemy import Connection

from tracehub.analytics import content
from tracehub.analytics.knowledge import Knowledge
from tracehub.exporters.ids import root_ref, span_ref
from tracehub.exporters.links import Links, SpanRef
from tracehub.exporters.terms import Terms
from tracehub.model.span import ToolSpan
from tracehub.model.trace import Trace
from tracehub.store import return_controls

_REMEMBERED = 10_000


class Linking:
    """Finds links on these terms. It remembers the roots it has seen: the turn before was mostly sent just now."""

    def __init__(self, terms: Terms, knowledge: Knowledge) -> None:
        self._terms = terms
        self._knowledge = knowledge
        self._roots: OrderedDict[str, SpanRef] = OrderedDict()

    def links_of(self, connection: Connection, trace: Trace, before: str | None) -> Links:
        """The root of the session's turn before (its trace), and the tool span whose return of control this trace
        answers."""
        if trace.spans:
            self._remember(trace.trace_id, root_ref(trace, self._terms))
        return Links(
            previous_turn=self._root(connection, before) if before else None,
            return_of_control=self._asked(connection, trace.answers, trace.trace_id) if trace.answers else None,
        )

    def _root(self, connection: Connection, trace_id: str) -> SpanRef | None:
        known = self._roots.get(trace_id)
        if known is not None:
            return known
        found = self._read(connection, trace_id)
        return self._remember(trace_id, root_ref(found, self._terms)) if found and found.spans else None

    def _asked(self, connection: Connection, return_control_id: str, trace_id: str) -> SpanRef | None:
        asked_by = return_controls.find(connection, [return_control_id]).get(return_control_id)
        if asked_by is None or asked_by.asked_by in (None, trace_id):
            return None
        found = self._read(connection, asked_by.asked_by)
        if found is None:
            return None
        for span in found.spans:
            if isinstance(span, ToolSpan) and span.return_control_id == return_control_id:
                return span_ref(found.trace_id, span.span_id, found.caller, self._terms)
        return None

    def _read(self, connection: Connection, trace_id: str) -> Trace | None:
        return content.traces(connection, [trace_id], self._knowledge).get(trace_id)

    def _remember(self, trace_id: str, ref: SpanRef) -> SpanRef:
        self._roots[trace_id] = ref
        self._roots.move_to_end(trace_id)
        if len(self._roots) > _REMEMBERED:
            self._roots.popitem(last=False)
        return ref
