"""Sends a destination one small trace that is marked as a test, by the very code that sends real ones."""

from collections.abc import Callable

import msgspec

from tracehub.errors import PermanentError
from tracehub.exporters.cutting import pieces_of, request_of
from tracehub.exporters.mapping import resource_spans
from tracehub.exporters.outcome import (
    Broken,
    Delivered,
    Misconfigured,
    Outcome,
    PartlyRejected,
    Poison,
    Refused,
    RetryLater,
    TooLarge,
)
from tracehub.model.export_rows import DestinationRow, Tried
from tracehub.model.span import Agent, AgentSpan, ModelSpan, Phase, ToolSpan
from tracehub.model.span import Outcome as Ending
from tracehub.model.trace import Trace
from tracehub.pipeline.exporting import Parts, endpoint_of, sending_to, terms_of
from tracehub.store import destinations

_SECOND = 1_000_000
_TEST = {"tracehub.test": "true"}


def try_out(row: DestinationRow, parts: Parts, *, random: Callable[[int], bytes]) -> Tried:
    """What came back. Nothing of it is counted; the trace is called `tracehub-test` and has `tracehub.test`."""
    try:
        destination = destinations.read(row)
        endpoint = endpoint_of(row, destination, parts)
        terms = terms_of(destination, parts.instance_id)
        terms = msgspec.structs.replace(terms, resource_attributes={**terms.resource_attributes, **_TEST})
        trace = _trace(random(16).hex(), random(8).hex(), parts.clock())
        body = request_of(pieces_of(trace.trace_id, resource_spans(trace, terms)))
        return _said(sending_to(endpoint, destination, parts)(body))
    except PermanentError as error:
        return Tried(went_well=False, said=str(error))


def _said(outcome: Outcome) -> Tried:
    match outcome:
        case Delivered(warning=None):
            return Tried(went_well=True, said="it took the test trace")
        case Delivered(warning=warning):
            return Tried(went_well=True, said=f"it took the test trace, and said: {warning}")
        case PartlyRejected(rejected=rejected, reason=reason):
            return _wrong(f"it refused {rejected} of 3 spans: {reason}", "see what it does not like in them")
        case RetryLater(reason=reason):
            return _wrong(reason, "check the address, the network, and whether it is up; real traces would wait")
        case TooLarge(reason=reason):
            return _wrong(reason, "even three small spans are too large for it: check its limits")
        case Refused(reason=reason):
            return _wrong(reason, "check the key or the token in its headers, and what it may do")
        case Misconfigured(reason=reason) if "TRACEHUB_ALLOWED_NETWORKS" in reason:
            return Tried(went_well=False, said=reason)
        case Misconfigured(reason=reason):
            return _wrong(reason, "check the address: what answered is no receiver of OTLP over HTTP")
        case Poison(reason=reason):
            return _wrong(reason, "it does not take such spans: check its dialect and profile")
        case Broken(reason=reason):
            return _wrong(reason, "it failed at it: look at its own log")


def _wrong(said: str, remedy: str) -> Tried:
    return Tried(went_well=False, said=said, remedy=remedy)


def _trace(trace_id: str, root: str, now: int) -> Trace:
    """An agent that calls a model and a tool within the last second."""
    agent = Agent(agent_id="tracehub-test", name="tracehub-test", version="1")
    began, ids = now - _SECOND, [f"{(int(root, 16) + number) % (1 << 64) or 1:016x}" for number in range(3)]
    spans = (
        AgentSpan(
            span_id=ids[0],
            parent_id=None,
            name="tracehub-test",
            phase=None,
            run_id=trace_id,
            step_id=None,
            started_at=began,
            ended_at=now,
            agent=agent,
            session_id="tracehub-test",
        ),
        ModelSpan(
            span_id=ids[1],
            parent_id=ids[0],
            name="model",
            phase=Phase.ORCHESTRATION,
            run_id=trace_id,
            step_id=None,
            started_at=began,
            ended_at=began + _SECOND // 2,
            model_id="tracehub-test",
        ),
        ToolSpan(
            span_id=ids[2],
            parent_id=ids[0],
            name="test",
            phase=Phase.ORCHESTRATION,
            run_id=trace_id,
            step_id=None,
            started_at=began + _SECOND // 2,
            ended_at=now,
            tool="test",
        ),
    )
    return Trace(
        trace_id=trace_id,
        session_id="tracehub-test",
        agent=agent,
        started_at=began,
        ended_at=now,
        outcome=Ending.OK,
        error=None,
        missing=(),
        question=None,
        answer=None,
        citations=(),
        files=(),
        spans=spans,
        return_controls=(),
        answers=None,
    )
