"""Writes what the store and the assembler give as the API's answers."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import orjson
from starlette.responses import Response

from tracehub.model.listing import QuarantineRow, SessionRow, ToolRow, TraceRow
from tracehub.model.proxy_key import IssuedKey, ProxyKey, state_of
from tracehub.model.source_rows import SourceRow, TracedShare
from tracehub.model.span import (
    Agent,
    AgentSpan,
    CodeSpan,
    CustomSpan,
    GuardrailSpan,
    ModelSpan,
    RetrievalSpan,
    Span,
    SpanBase,
    SpanError,
    ToolSpan,
)
from tracehub.model.trace import Trace
from tracehub.web.source_standing import Part, Standing

Json = dict[str, object]
_BASE = set(SpanBase.__struct_fields__) | {"input", "output", "rationale", "tokens", "cost_usd", "name"}


def answer(content: object, status: int = 200) -> Response:
    """`content` as JSON. Numbers that JSON cannot hold become null, texts that UTF-8 cannot hold are marked."""
    try:
        body = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        body = orjson.dumps(_speakable(content), option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status, media_type="application/json")


def moment(microseconds: int | None) -> str | None:
    """ISO 8601 in UTC with microseconds."""
    if microseconds is None:
        return None
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:06d}Z"


def session(row: SessionRow) -> Json:
    """answers.Session."""
    return {
        "session_id": row.session_id,
        "session_reported": row.session_reported,
        "agent": _agent_of_row(row),
        "started_at": moment(row.started_at),
        "ended_at": moment(row.ended_at),
        "received_at": moment(row.received_at),
        "working_ms": None if row.working_us is None else row.working_us / 1000,
        "question": row.question,
        **{name: getattr(row, name) for name in _SESSION_COUNTS},
        "usage": _usage(row),
    }


def trace_summary(row: TraceRow) -> Json:
    """answers.TraceSummary."""
    error = None
    if row.error_source is not None:
        error = {"source": row.error_source, "type": row.error_type, "text": row.error_text}
    return {
        "trace_id": row.trace_id,
        "session_id": row.session_id,
        "session_reported": row.session_reported,
        "agent": _agent_of_row(row),
        "started_at": moment(row.started_at),
        "ended_at": moment(row.ended_at),
        "received_at": moment(row.received_at),
        "outcome": row.outcome,
        "error": error,
        "missing": row.missing,
        "question": row.question,
        "answer": row.answer,
        "steps": row.steps,
        "tool_calls": row.tool_calls,
        "errors_reported": row.errors_reported,
        "errors_inferred": row.errors_inferred,
        "interventions": row.interventions,
        "usage": _usage(row),
        "answers": row.answers,
        "events": row.event_count,
        "needs_reindex": row.needs_reindex,
    }


def trace(found: Trace) -> Json:
    """answers.TraceDetail."""
    return {
        "trace_id": found.trace_id,
        "session_id": found.session_id,
        "agent": _agent(found.agent),
        "started_at": moment(found.started_at),
        "ended_at": moment(found.ended_at),
        "outcome": found.outcome,
        "error": _error(found.error),
        "missing": list(found.missing),
        "question": found.question,
        "answer": found.answer,
        "citations": msgspec.to_builtins(found.citations),
        "files": msgspec.to_builtins(found.files),
        "return_controls": list(found.return_controls),
        "answers": found.answers,
        "memory_id": found.memory_id,
        "times": {name: moment(getattr(found.times, name)) for name in found.times.__struct_fields__},
        "caller": msgspec.to_builtins(found.caller),
        "session_attributes": found.session_attributes,
        "prompt_session_attributes": found.prompt_session_attributes,
        "spans": [span(each) for each in found.spans],
    }


def span(found: Span) -> Json:
    """answers.Span: what all kinds share, and the rest of this kind's fields under `details`."""
    read, text_in, text_out = KINDS[type(found)]
    details = {name: msgspec.to_builtins(getattr(found, name)) for name in found.__struct_fields__ if name not in _BASE}
    return {
        "span_id": found.span_id,
        "parent_id": found.parent_id,
        "kind": read,
        "name": found.name,
        "phase": found.phase,
        "run_id": found.run_id,
        "step_id": found.step_id,
        "iteration": found.iteration,
        "started_at": moment(found.started_at),
        "ended_at": moment(found.ended_at),
        "times_derived": found.times_derived,
        "outcome": found.outcome,
        "error": _error(found.error),
        "missing": list(found.missing),
        "input": _text(found, text_in),
        "output": _text(found, text_out),
        "rationale": getattr(found, "rationale", None),
        "tokens": msgspec.to_builtins(found.tokens) if isinstance(found, ModelSpan) else None,
        "cost_usd": getattr(found, "cost_usd", None),
        "details": details,
        "event_ids": list(found.event_ids),
    }


# Each kind's name, and the fields that are its input and its output.
KINDS: Mapping[type, tuple[str, str | None, str | None]] = {
    AgentSpan: ("agent", "input", "output"),
    ModelSpan: ("model", "input", "output"),
    ToolSpan: ("tool", "parameters", "output"),
    CodeSpan: ("code", "code", "output"),
    RetrievalSpan: ("retrieval", "query", "references"),
    GuardrailSpan: ("guardrail", None, None),
    CustomSpan: ("custom", None, "text"),
}


def tool(row: ToolRow) -> Json:
    """answers.Tool."""
    return {**msgspec.structs.asdict(row), "last_started_at": moment(row.last_started_at)}


def quarantined(row: QuarantineRow) -> Json:
    """answers.Quarantined."""
    return {**msgspec.structs.asdict(row), "received_at": moment(row.received_at)}


def source(row: SourceRow, declaration: Json, found: Standing) -> Json:
    """answers.Source."""
    return {
        "name": row.name,
        "kind": row.kind,
        "declared_in": row.declared_in,
        "declaration": declaration,
        "state": found.state,
        "paused": row.paused,
        "created_at": moment(row.created_at),
        "collect_from": moment(row.collect_from),
        "newest_at": moment(row.newest_at),
        "read_until": moment(found.read_until),
        "stored_at": moment(row.stored_at),
        "waiting": found.waiting,
        "records_last_minute": found.per_minute,
        "counts": msgspec.structs.asdict(row.counts),
        "error": found.error,
        "error_at": moment(found.error_at),
        "parts": [_part(part) for part in found.parts],
    }


def traced_calls(share: TracedShare) -> Json:
    """answers.TracedCalls."""
    return {
        "calls": share.calls,
        "traced": share.traced,
        "since": moment(share.since),
        "until": moment(share.until),
    }


def proxy_key(key: ProxyKey, now: int) -> Json:
    """answers.ProxyKey."""
    terms = key.terms
    return {
        "key_id": key.key_id,
        "name": terms.name,
        "state": state_of(key, now),
        "generation": key.generation,
        "overlap_until": moment(key.overlap_until),
        "created_at": moment(key.created_at),
        "expires_at": moment(terms.expires_at),
        "revoked_at": moment(key.revoked_at),
        "last_used_at": moment(key.last_used_at),
        "agents": list(terms.agents),
        "aliases": list(terms.aliases),
        "operations": list(terms.operations),
        "requests_per_second": terms.requests_per_second,
        "region": terms.region,
        "role_arn": terms.role_arn,
        "external_id": terms.external_id,
    }


def issued_key(issued: IssuedKey, now: int) -> Json:
    """answers.IssuedProxyKey."""
    return {**proxy_key(issued.key, now), "secret_access_key": issued.secret}


_SESSION_COUNTS = (
    "turns",
    "steps",
    "failed_turns",
    "blocked_turns",
    "incomplete_turns",
    "returned_turns",
    "errors_reported",
    "errors_inferred",
)


def _part(part: Part) -> Json:
    told = part.told
    return {
        "part": part.shard,
        "state": part.state,
        "read_until": moment(told.read_until) if told else None,
        "waiting": told.waiting if told else None,
        "error": told.error if told else None,
        "error_at": moment(told.error_at) if told else None,
    }


def _text(found: Span, name: str | None) -> str | None:
    """A field as text; what is no text is written as JSON."""
    value = getattr(found, name) if name else None
    if value is None or isinstance(value, str):
        return value
    if isinstance(found, ToolSpan):
        arguments: Json = {parameter.name: parameter.value for parameter in found.parameters}
        value = {**arguments, "requestBody": found.request_body} if found.request_body else arguments
    return msgspec.json.encode(value).decode("utf-8", "replace")


def _agent(agent: Agent) -> Json:
    return {
        "id": agent.agent_id,
        "alias": agent.alias_id,
        "version": agent.version,
        "name": agent.name,
        "inline": agent.inline,
    }


def _agent_of_row(row: SessionRow | TraceRow) -> Json:
    return {
        "id": row.agent_id,
        "alias": row.alias_id,
        "version": row.agent_version,
        "name": row.agent_name,
        "inline": row.inline,
    }


def _usage(row: SessionRow | TraceRow) -> Json:
    return {
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cost_usd": row.cost_usd,
        "model_calls": row.model_calls,
        "calls_with_tokens": row.calls_with_tokens,
        "priced_calls": row.priced_calls,
    }


def _error(error: SpanError | None) -> Json | None:
    return None if error is None else {"source": error.source, "type": error.type, "text": error.text}


def _speakable(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {str(_speakable(str(name))): _speakable(item) for name, item in value.items()}
        case list() | tuple():
            return [_speakable(item) for item in value]
        case int() if not -(2**63) <= value < 2**64:
            return str(value)
        case _:
            return value
