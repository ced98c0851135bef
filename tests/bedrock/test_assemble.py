"""What a trace is made of: each rule of bedrock-traces.md on one played call (synthetic, in AWS's shapes)."""

import random
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import orjson
import pytest

from tests.stores import KNOWLEDGE
from tracehub.bedrock.assemble import assemble
from tracehub.bedrock.decode import decode
from tracehub.demo import claims, orders, others, people, rare, travel
from tracehub.demo.call import Call
from tracehub.demo.cast import ORDERS
from tracehub.demo.moves import Tool, act, complete, conclude
from tracehub.demo.run import Run
from tracehub.model.record import Event, Limits, Record
from tracehub.model.span import (
    AgentSpan,
    CodeSpan,
    CustomSpan,
    ErrorSource,
    GuardrailSpan,
    ModelSpan,
    Outcome,
    Phase,
    RetrievalSpan,
    SpanBase,
    ToolSpan,
)
from tracehub.model.trace import Trace

AT = 1_795_000_000_000_000
Kind = TypeVar("Kind", bound=SpanBase)
Scenario = Callable[[random.Random, str, int, str, int], Call | list[Call]]


def events_of(call: Call, change: Callable[[dict[str, Any]], None] | None = None) -> tuple[Event, ...]:
    """The call's events as decoded; `change` edits the exchange first."""
    exchange = call.exchange()
    if change:
        change(exchange)
    return decode(Record(data=orjson.dumps(exchange), source="test", received_at=0), Limits()).events


def trace_of(call: Call, answers: Mapping[str, Event] | None = None) -> Trace:
    return assembled(events_of(call), answers)


def assembled(events: tuple[Event, ...], answers: Mapping[str, Event] | None = None) -> Trace:
    return assemble(events[0].trace_id, events, answers=answers or {}, prices=KNOWLEDGE.prices, rules=KNOWLEDGE.rules)


def played(scenario: Scenario, seed: int = 1, turn: int = 0) -> list[Call]:
    calls = scenario(random.Random(seed), "session-1", AT, "12", turn)
    return calls if isinstance(calls, list) else [calls]


def of_kind(trace: Trace, kind: type[Kind]) -> list[Kind]:
    return [span for span in trace.spans if isinstance(span, kind)]


def own_run() -> tuple[Call, Run]:
    call = Call(random.Random(5), ORDERS, "session-1", "Where is my order?", AT)
    run = Run(call, ORDERS, "11", run_id=call.request_id, session_id="session-1")
    run.says("user", "Where is my order?")
    return call, run


def test_parallel_tools_share_a_step_and_keep_their_own_results() -> None:
    call, run = own_run()
    act(run, "Both at once.", [Tool("G", name, {"key": name}, f"result of {name}") for name in "abc"])
    conclude(run, "Done.")
    tools = of_kind(trace_of(call), ToolSpan)
    assert [(tool.tool, tool.output, tool.rationale) for tool in tools] == [
        (f"G__{name}", f"result of {name}", "Both at once.") for name in "abc"
    ]
    assert len({tool.step_id for tool in tools}) == 1


def test_a_tool_without_times_ran_between_the_models_last_word_and_its_event() -> None:
    call, run = own_run()
    act(run, "I look.", [Tool("G", "look", {}, "found")])

    def without_metadata(exchange: dict[str, Any]) -> None:
        for message in exchange["completion"]:
            observed = message.get("trace", {}).get("trace", {}).get("orchestrationTrace", {}).get("observation", {})
            observed.get("actionGroupInvocationOutput", {}).pop("metadata", None)

    events = events_of(call, without_metadata)
    [tool] = of_kind(assembled(events), ToolSpan)
    parts = [event.part for event in events if event.part]
    said = next(part.event_time for part in parts if part.steps[0].member == "rationale")
    returned = next(part.event_time for part in parts if part.steps[0].member == "observation")
    assert (tool.started_at, tool.ended_at, tool.times_derived) == (said, returned, True)


def test_without_any_times_durations_are_unknown_and_pairs_still_hold() -> None:
    call, run = own_run()
    act(run, "I look.", [Tool("G", "look", {"a": "1"}, "found")])
    act(run, "I look again.", [Tool("G", "look", {"a": "2"}, "found more")])
    conclude(run, "Done.")

    def old(exchange: dict[str, Any]) -> None:
        del exchange["ResponseMetadata"]
        for message in exchange["completion"]:
            part = message["trace"]
            part.pop("eventTime")
            for union in part["trace"].values():
                for step in union.values():
                    step.pop("metadata", None)
                    for value in step.values():
                        if isinstance(value, dict):
                            value.pop("metadata", None)

    trace = assembled(events_of(call, old))
    assert [(tool.parameters[0].value, tool.output) for tool in of_kind(trace, ToolSpan)] == [
        ("1", "found"),
        ("2", "found more"),
    ]
    assert all(span.started_at is None and span.ended_at is None for span in trace.spans)
    assert all(model.tokens.input is None and model.cost_usd is None for model in of_kind(trace, ModelSpan))
    assert trace.outcome is Outcome.OK


def test_a_stream_that_is_cut_off_says_what_is_missing() -> None:
    [call] = played(rare.broken, turn=len(rare.EXCEPTIONS))
    trace = trace_of(call)
    [model] = of_kind(trace, ModelSpan)
    assert trace.outcome is Outcome.INCOMPLETE
    assert "the stream ends before it" in trace.missing[0]
    assert (model.outcome, model.missing) == (Outcome.INCOMPLETE, ("output",))


@pytest.mark.parametrize("turn", range(len(rare.EXCEPTIONS)))
def test_every_exception_fails_the_call_under_its_name(turn: int) -> None:
    [call] = played(rare.broken, turn=turn)
    trace = trace_of(call)
    assert trace.outcome is Outcome.FAILED
    assert trace.error
    assert (trace.error.source, trace.error.type) == (ErrorSource.REPORTED, rare.EXCEPTIONS[turn])
    assert trace.error.text


def test_reprompts_failures_and_silent_reprompts_land_on_what_they_concern() -> None:
    [call] = played(rare.stumbles)
    trace = trace_of(call)
    errors = [(type(span), span.error.source, span.error.type) for span in trace.spans[1:] if span.error]
    reported, inferred = ErrorSource.REPORTED, ErrorSource.INFERRED
    assert errors == [
        (ToolSpan, reported, "reprompt"),
        (RetrievalSpan, reported, "reprompt"),
        (ModelSpan, reported, "reprompt"),
        (ModelSpan, inferred, "silent_reprompt"),
        (CodeSpan, reported, "execution_error"),
        (CodeSpan, reported, "execution_timeout"),
        (ToolSpan, reported, "424"),
    ]
    assert trace.outcome is Outcome.FAILED
    silent = next(span for span in of_kind(trace, ModelSpan) if span.reprompt == "silent")
    assert silent.error
    assert silent.error.text == orders.SILENT
    assert silent.outcome is Outcome.OK


def test_an_inferred_tool_error_is_no_failure() -> None:
    call, run = own_run()
    act(run, "I look.", [Tool("G", "look", {}, '{"error": "gone"}')])
    conclude(run, "It is gone.")
    [tool] = of_kind(trace_of(call), ToolSpan)
    assert tool.error
    assert (tool.error.source, tool.outcome) == (ErrorSource.INFERRED, Outcome.OK)


def test_returned_control_is_answered_by_the_call_that_names_it() -> None:
    for seed in range(40):
        calls = played(claims.play, seed)
        if len(calls) < 2:
            continue
        first, second = events_of(calls[0]), events_of(calls[1])
        request = next(event for event in second if event.kind == "request")
        waiting = assembled(first)
        assert waiting.outcome is Outcome.RETURNED_CONTROL
        [name] = waiting.return_controls
        assert assembled(second).answers == name
        tool = next(span for span in of_kind(assembled(first, {name: request}), ToolSpan) if span.return_control_id)
        result = request.body["request"]["sessionState"]["returnControlInvocationResults"][0]["apiResult"]  # type: ignore[index]
        assert tool.answered_by == request.trace_id
        assert tool.output == result["responseBody"]["application/json"]["body"]
        assert tool.http_status == result.get("httpStatusCode")
        assert tool.confirmation_state == result["confirmationState"]
        fails = "responseState" in result or result.get("httpStatusCode", 200) >= 400
        assert (tool.outcome is Outcome.FAILED) == fails
        assert bool(tool.error and tool.error.source is ErrorSource.REPORTED) == fails


def test_collaborators_are_paired_by_alias_and_uuid_however_they_interleave() -> None:
    for seed in range(6):
        [call] = played(travel.play, seed)
        trace = trace_of(call)
        by_id = {span.span_id: span for span in trace.spans}
        agents = of_kind(trace, AgentSpan)
        assert [agent.name for agent in agents] == ["TRAVELSUP1", "FlightDesk", "FareSpecialist", "HotelDesk"]
        parents = [by_id[agent.parent_id].name for agent in agents if agent.parent_id]
        assert parents == ["TRAVELSUP1", "FlightDesk", "TRAVELSUP1"]
        assert len({agent.session_id for agent in agents}) == len(agents)
        assert all(agent.input and agent.output for agent in agents)
        hotels = next(span for span in of_kind(trace, ToolSpan) if span.action_group == "Hotels")
        assert by_id[hotels.parent_id or ""].name == "HotelDesk"


def test_a_router_hands_over_before_its_collaborator_runs() -> None:
    [call] = played(travel.route)
    trace = trace_of(call)
    router = next(span for span in of_kind(trace, ModelSpan) if span.phase is Phase.ROUTING)
    specialist = of_kind(trace, AgentSpan)[1]
    assert specialist.phase is Phase.ROUTING
    assert (router.ended_at or 0) <= (specialist.started_at or 0)
    assert trace.outcome is Outcome.OK


def test_a_guardrail_that_blocks_ends_the_call_and_one_that_masks_does_not() -> None:
    outcomes = {}
    for seed in range(60):
        [call] = played(people.play, seed)
        trace = trace_of(call)
        found = [finding.action for span in of_kind(trace, GuardrailSpan) for finding in span.assessments]
        outcomes["BLOCKED" if "BLOCKED" in found else "ANONYMIZED" if found else "NONE"] = trace.outcome
    assert outcomes == {"BLOCKED": Outcome.BLOCKED, "ANONYMIZED": Outcome.OK, "NONE": Outcome.OK}


def test_prompt_overrides_and_reasoning_are_kept() -> None:
    [call] = played(rare.overrides)
    pre, main, post = of_kind(trace_of(call), ModelSpan)
    assert (pre.phase, main.phase, post.phase) == (Phase.PRE_PROCESSING, Phase.ORCHESTRATION, Phase.POST_PROCESSING)
    assert (main.prompt_creation_mode, main.parser_mode) == ("OVERRIDDEN", "OVERRIDDEN")
    assert main.override_lambda == "arn:aws:lambda:us-east-1:123456789012:function:parser"
    assert main.reasoning == "Two warehouses hold the items, so two parcels."
    assert pre.is_valid is False
    assert post.parsed_output == "The items lie in two warehouses."
    assert main.inference["topK"] == 250


def test_every_kind_of_reference_has_its_address_and_text() -> None:
    [call] = played(rare.references)
    trace = trace_of(call)
    [lookup] = of_kind(trace, RetrievalSpan)
    assert lookup.references is not None
    assert len(lookup.references) == 10
    assert all(reference.location for reference in lookup.references)
    assert lookup.references[1].text == "Leave is paid."
    assert lookup.references[7].text == "days: 30 | days: 30 | days: 30"
    assert [citation.references[0].location_type for citation in trace.citations] == ["S3", "CONFLUENCE"]
    assert trace.citations[0].text == trace.answer


def test_inline_agents_and_custom_orchestrations_are_what_they_say() -> None:
    inline = trace_of(played(others.inline)[0])
    assert inline.agent.inline
    assert (inline.agent.agent_id, inline.agent.alias_id, inline.agent.version) == (None, None, None)
    assert all(model.cost_usd is None and model.tokens.input for model in of_kind(inline, ModelSpan))
    custom = trace_of(played(others.custom)[0])
    assert len(of_kind(custom, CustomSpan)) == 3
    assert custom.outcome is Outcome.OK


def test_files_tokens_and_cost_add_up() -> None:
    [call] = played(others.analyse, seed=3)
    trace = trace_of(call)
    [file] = trace.files
    assert (file.name, file.type, file.size) == ("sales.png", "image/png", len(b"\x89PNG synthetic" * 40))
    assert all(model.cost_usd and model.tokens.output for model in of_kind(trace, ModelSpan))


def test_a_call_without_trace_says_so() -> None:
    call, run = own_run()
    run.model(complete(run, "hidden", []))

    def untraced(exchange: dict[str, Any]) -> None:
        exchange["completion"] = [message for message in exchange["completion"] if "trace" not in message]

    trace = assembled(events_of(call, untraced))
    assert trace.outcome is Outcome.INCOMPLETE
    assert "enableTrace was off" in trace.missing[0]
    assert trace.question == "Where is my order?"
    assert trace.session_id == "session-1"


@pytest.mark.parametrize("scenario", [travel.play, people.play, rare.stumbles, claims.play, others.analyse])
def test_the_order_of_arrival_changes_nothing(scenario: Scenario) -> None:
    events = events_of(played(scenario, seed=2)[0])
    expected = assembled(events)
    for seed in range(10):
        shuffled = random.Random(seed).sample([*events, *events[::3]], len(events) + len(events[::3]))
        assert assembled((events[0], *shuffled)) == expected
