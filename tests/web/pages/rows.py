"""Rows as the store would give them, for tests of pages."""

import msgspec

from tracehub.model.listing import SessionRow, SpanRow, TraceRow
from tracehub.model.span import Outcome

SECOND = 1_000_000
START = 1_763_800_000 * SECOND
TRACE_ID = "0a" * 16

SPAN = SpanRow(
    trace_id=TRACE_ID,
    seq=0,
    span_id="00" * 8,
    parent_seq=None,
    depth=0,
    kind="agent",
    phase=None,
    name="order-helper",
    iteration=None,
    agent_id="AGENT12345",
    alias_id="PROD",
    agent_version="12",
    started_at=START,
    ended_at=START + 6 * SECOND,
    times_derived=False,
    outcome=Outcome.OK,
    error_source=None,
    error_type=None,
    error_text=None,
    model_id=None,
    input_tokens=None,
    output_tokens=None,
    cost_usd=None,
    rationale=None,
    summary=None,
)

TRACE = TraceRow(
    trace_id=TRACE_ID,
    session_id="s-1",
    session_reported=True,
    agent_id="AGENT12345",
    alias_id="PROD",
    agent_version="12",
    agent_name=None,
    inline=False,
    ordered_at=START,
    received_at=START + 10 * SECOND,
    started_at=START,
    ended_at=START + 6 * SECOND,
    outcome=Outcome.OK,
    error_source=None,
    error_type=None,
    error_text=None,
    missing=None,
    question="Where is my order?",
    answer="It ships tomorrow.",
    steps=3,
    model_calls=1,
    tool_calls=1,
    errors_reported=0,
    errors_inferred=0,
    interventions=0,
    input_tokens=820,
    output_tokens=40,
    calls_with_tokens=1,
    cost_usd=0.0021,
    priced_calls=1,
    answers=None,
    event_count=8,
    needs_reindex=False,
)

SESSION = SessionRow(
    session_id="s-1",
    session_reported=True,
    agent_id="AGENT12345",
    alias_id="PROD",
    agent_version="12",
    agent_name=None,
    inline=False,
    ordered_at=START,
    received_at=START + 10 * SECOND,
    started_at=START,
    ended_at=START + 6 * SECOND,
    working_us=6 * SECOND,
    question="Where is my order?",
    turns=1,
    steps=3,
    failed_turns=0,
    blocked_turns=0,
    incomplete_turns=0,
    returned_turns=0,
    errors_reported=0,
    errors_inferred=0,
    input_tokens=820,
    output_tokens=40,
    model_calls=1,
    calls_with_tokens=1,
    cost_usd=0.0021,
    priced_calls=1,
)


def child(seq: int, kind: str, began: float | None, ended: float | None, **other: object) -> SpanRow:
    """A span right below the root, with its times in seconds from the turn's start."""
    values = {
        "seq": seq,
        "span_id": f"{seq:016x}",
        "parent_seq": 0,
        "depth": 1,
        "kind": kind,
        "phase": "orchestration",
        "name": kind,
        "started_at": None if began is None else START + round(began * SECOND),
        "ended_at": None if ended is None else START + round(ended * SECOND),
    }
    return msgspec.structs.replace(SPAN, **(values | other))


def long_turn(steps: int) -> tuple[SpanRow, ...]:
    """A turn of so many steps: model, rationale, tool and so on, every seventh tool failing."""
    spans = [msgspec.structs.replace(SPAN, ended_at=START + steps * SECOND)]
    for number in range(steps):
        tool = number % 2 == 1
        failed = tool and number % 7 == 0
        spans.append(
            child(
                number + 1,
                "tool" if tool else "model",
                number,
                number + 0.9,
                iteration=number // 2 + 1,
                name="Orders__get_order" if tool else "claude",
                model_id=None if tool else "anthropic.claude-3-5-haiku-20241022-v1:0",
                input_tokens=None if tool else 800 + number,
                output_tokens=None if tool else 40,
                rationale=f"I should look up order A-{number}, because the customer asks about it." if tool else None,
                summary=f"order_id=A-{number}" if tool else None,
                error_source="reported" if failed else None,
                outcome=Outcome.FAILED if failed else Outcome.OK,
            )
        )
    return tuple(spans)
