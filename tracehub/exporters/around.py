"""What a span's translation needs to know of the trace around it."""

from collections import defaultdict

from tracehub.exporters.content import ContentRule
from tracehub.exporters.messages import completion_parts, histories
from tracehub.exporters.semconv import NAMES, Names
from tracehub.exporters.terms import Terms
from tracehub.foundation.message_parts import MessagePart
from tracehub.model.span import AgentSpan, CodeSpan, ModelSpan, RetrievalSpan, Span, ToolSpan
from tracehub.model.trace import Trace


class Around:
    """The trace, the names and content rule of its destination, and who stands where in its tree."""

    __slots__ = ("_parts", "_unclaimed", "asked_by", "children", "content", "history", "names", "trace")

    def __init__(self, trace: Trace, terms: Terms) -> None:
        self.trace = trace
        self.names: Names = NAMES[terms.profile]
        self.content = ContentRule(terms)
        self.history = histories()
        self.children: defaultdict[str | None, list[Span]] = defaultdict(list)
        self.asked_by: dict[str, ModelSpan] = {}
        self._parts: dict[str, tuple[MessagePart, ...]] = {}
        self._unclaimed: dict[str, list[MessagePart]] = {}
        for span in trace.spans:
            self.children[span.parent_id].append(span)
        for siblings in self.children.values():
            self._note_who_asked(siblings)

    def parts(self, model: ModelSpan) -> tuple[MessagePart, ...]:
        """What the model answered, read once."""
        found = self._parts.get(model.span_id)
        if found is None:
            found = self._parts[model.span_id] = completion_parts(model.output, model.parsed_output)
        return found

    def call_id(self, tool: ToolSpan) -> str | None:
        """The id that the asking model gave to this call of the tool; each is given once."""
        model = self.asked_by.get(tool.span_id)
        if model is None:
            return None
        waiting = self._unclaimed.get(model.span_id)
        if waiting is None:
            waiting = [part for part in self.parts(model) if part.kind == "tool_use" and part.id]
            self._unclaimed[model.span_id] = waiting
        for place, part in enumerate(waiting):
            if part.name == tool.tool:
                return waiting.pop(place).id
        return None

    def next_agent(self, span: Span) -> AgentSpan | None:
        """The collaborator that was called after `span` by the same agent."""
        siblings = self.children[span.parent_id]
        later = siblings[siblings.index(span) + 1 :]
        return next((sibling for sibling in later if isinstance(sibling, AgentSpan)), None)

    def _note_who_asked(self, siblings: list[Span]) -> None:
        """The model that asked for a call is the last before it in the same step."""
        last: dict[str | None, ModelSpan] = {}
        for span in siblings:
            match span:
                case ModelSpan():
                    last[span.step_id] = last[None] = span
                case ToolSpan() | CodeSpan() | RetrievalSpan() | AgentSpan():
                    if (model := last.get(span.step_id)) is not None:
                        self.asked_by[span.span_id] = model
                case _:
                    pass
