"""Makes a trace from its events: a pure function of the set of events, whatever order they came in."""

from collections.abc import Iterable, Mapping

from tracehub.bedrock.answer import answer_of, files_of, question_of
from tracehub.bedrock.call_times import call_times, caller_of
from tracehub.bedrock.collaborators import nest
from tracehub.bedrock.draft import Draft
from tracehub.bedrock.exceptions import broken_off, exception_of
from tracehub.bedrock.order import items_of
from tracehub.bedrock.prices import PriceTable
from tracehub.bedrock.return_of_control import answered_id, apply_answers, match_returned
from tracehub.bedrock.run_spans import RunSpans
from tracehub.bedrock.runs import Run, runs_of
from tracehub.bedrock.tool_errors import ErrorRule
from tracehub.bedrock.windows import contain
from tracehub.members import Json, mapping, text
from tracehub.model.record import Event
from tracehub.model.span import Agent, Outcome, Span, SpanError
from tracehub.model.trace import Trace

PARSER_VERSION = 1

_NO_RUN = Agent()


def assemble(
    trace_id: str,
    events: Iterable[Event],
    *,
    answers: Mapping[str, Event],
    prices: PriceTable,
    rules: tuple[ErrorRule, ...],
) -> Trace:
    """The trace with all its spans.

    `events` are all that is known of the trace, in any order, repetitions included. `answers` are the request events
    that brought results for control this trace handed back, by invocationId. Never raises on content: what cannot be
    placed is left to the raw events.
    """
    known = _distinct(events)
    items = [item for event in known if event.part for item in items_of(event, event.part)]
    root, collaborators = runs_of(items, trace_id)
    spans_of = {run.run_id: _spans_of(run, prices, rules) for run in ([root] if root else []) + collaborators}
    top = _top(trace_id, root, known)
    own = spans_of[root.run_id] if root else None
    request = _first_body(known, "request")
    response = _first_body(known, "response")
    error = _exception(known) or (own.failure if own else None) or broken_off(response)
    if root and own:
        top.children = own.drafts
        _finish(top, own)
        nest(root, own, top, collaborators, spans_of)
        if error and not own.failure:
            own.fail_open(error, None)
    returned = [event for event in known if event.kind == "return_control"]
    top.children.extend(match_returned(top.children, returned, top.run_id or trace_id))
    drafts = list(_all(top))
    apply_answers(drafts, answers, rules)
    contain(top)
    answer, citations = answer_of(known, own.finish if own else None)
    question = question_of(known, drafts)
    handed_back = _handed_back(drafts, returned)
    outcome, missing = _ended(own, error, handed_back, answer, stopped=text(response, "end") == "stopped")
    top.fields |= {"input": question, "output": answer}
    top.outcome, top.error, top.missing = outcome, error, list(missing)
    return Trace(
        trace_id=trace_id,
        session_id=_session(root, request, response),
        agent=top.fields["agent"],
        started_at=top.start,
        ended_at=top.end,
        outcome=outcome,
        error=error,
        missing=missing,
        question=question,
        answer=answer,
        citations=citations,
        files=files_of(known),
        spans=_freeze(top, trace_id),
        return_controls=handed_back,
        answers=answered_id(request),
        memory_id=text(request, "memoryId") or text(response, "memoryId"),
        times=call_times(known),
        caller=caller_of(request),
        session_attributes=mapping(mapping(request, "sessionState"), "sessionAttributes"),
        prompt_session_attributes=mapping(mapping(request, "sessionState"), "promptSessionAttributes"),
    )


def _distinct(events: Iterable[Event]) -> list[Event]:
    """Each event once, in an order that depends on nothing but the events. A repetition that knows more of the stream
    before it (a higher index) tells the position."""
    best: dict[str, Event] = {}
    for event in events:
        seen = best.get(event.event_id)
        if seen is None or event.index > seen.index:
            best[event.event_id] = event
    return sorted(best.values(), key=lambda event: (event.index, event.event_id))


def _spans_of(run: Run, prices: PriceTable, rules: tuple[ErrorRule, ...]) -> RunSpans:
    spans = RunSpans(run, prices, rules)
    spans.build()
    return spans


def _top(trace_id: str, root: Run | None, events: list[Event]) -> Draft:
    request = _first_body(events, "request")
    agent = root.agent if root else _NO_RUN
    if agent.agent_id is None and not agent.inline:
        agent = Agent(
            agent_id=text(request, "agentId"),
            alias_id=text(request, "agentAliasId"),
            arn=agent.arn,
            version=agent.version,
        )
    chain = "/".join(root.chain) if root else ""
    draft = Draft("agent", agent_name(agent), f"agent:{trace_id}:{chain}", root.run_id if root else None, None, None)
    draft.fields = {"agent": agent, "session_id": root.session_id if root else None}
    draft.events = [
        event.event_id for event in events if event.kind in ("chunk", "files", "exception", "request", "response")
    ]
    return draft


def agent_name(agent: Agent) -> str:
    """What to call an agent: its name, its id, or what kind it is."""
    if agent.name or agent.agent_id:
        return agent.name or agent.agent_id or ""
    return "inline agent" if agent.inline else "agent"


def _finish(top: Draft, own: RunSpans) -> None:
    if own.rationale is not None:
        top.fields["rationale"] = own.rationale
    if own.notes:
        top.fields["notes"] = tuple(own.notes)
    top.finish_with(own.finish)


def _all(draft: Draft) -> Iterable[Draft]:
    for child in draft.children:
        yield child
        yield from _all(child)


def _exception(events: list[Event]) -> SpanError | None:
    return next((exception_of(event) for event in events if event.kind == "exception"), None)


def _handed_back(drafts: list[Draft], returned: list[Event]) -> tuple[str, ...]:
    ids = [draft.fields.get("return_control_id") for draft in drafts if draft.kind == "tool"]
    ids += [text(mapping(event.body, "returnControl"), "invocationId") for event in returned]
    return tuple(dict.fromkeys(found for found in ids if found))


def _ended(
    own: RunSpans | None,
    error: SpanError | None,
    handed_back: tuple[str, ...],
    answer: str | None,
    *,
    stopped: bool,
) -> tuple[Outcome, tuple[str, ...]]:
    """How the call ended, and what is missing where it did not."""
    if error:
        return Outcome.FAILED, ()
    finished = own is not None and own.finish is not None
    if own is not None and (own.blocked or (own.intervened and not finished)):
        return Outcome.BLOCKED, ()
    if not finished and (handed_back or (own is not None and _waits(own))):
        return Outcome.RETURNED_CONTROL, ()
    if stopped and not finished:
        return Outcome.INCOMPLETE, ("the rest of the answer: the application read no further",)
    if finished or answer is not None:
        return Outcome.OK, ()
    missing = ["the final answer: the stream ends before it"]
    if own is None:
        missing = ["the trace: enableTrace was off, or its events were not recorded", *missing]
    return Outcome.INCOMPLETE, tuple(missing)


def _waits(own: RunSpans) -> bool:
    return any(draft.outcome is Outcome.RETURNED_CONTROL for draft in own.drafts)


def _session(root: Run | None, request: Json, response: Json) -> str | None:
    return (root.session_id if root else None) or text(request, "sessionId") or text(response, "sessionId")


def _first_body(events: list[Event], kind: str) -> Json:
    return next((mapping(event.body, kind) for event in events if event.kind == kind), {})


def _freeze(top: Draft, trace_id: str) -> tuple[Span, ...]:
    """The tree in pre-order. It is walked with a list: a nested function that calls itself is a cycle, which would keep
    the texts of every trace until Python's collector runs."""
    counts: dict[str, int] = {}
    spans: list[Span] = []
    waiting: list[tuple[Draft, str | None]] = [(top, None)]
    while waiting:
        draft, parent_id = waiting.pop()
        span = draft.freeze(parent_id, trace_id, counts)
        spans.append(span)
        waiting.extend((child, span.span_id) for child in reversed(draft.children))
    return tuple(spans)
