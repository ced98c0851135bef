"""Turns one run's steps into the spans below its agent: pairs inputs with outputs, and gives each its rationale."""

from collections.abc import Callable, Iterable

from tracehub.bedrock.draft import Draft
from tracehub.bedrock.guardrails import assessments
from tracehub.bedrock.order import Item, output_metadata
from tracehub.bedrock.prices import PriceTable
from tracehub.bedrock.reasoning import reasoning
from tracehub.bedrock.references import references
from tracehub.bedrock.reprompts import silent_reprompt
from tracehub.bedrock.runs import Run
from tracehub.bedrock.shapes import run_of
from tracehub.bedrock.times import microseconds
from tracehub.bedrock.tool_calls import code_draft, retrieval_draft, tool_draft
from tracehub.bedrock.tool_errors import ErrorRule, infer_error
from tracehub.foundation.completions import cache_tokens, stop_reason
from tracehub.members import Json, flag, integer, mapping, mappings, text, texts
from tracehub.model.span import ErrorSource, Outcome, Phase, SpanError, Tokens

_PHASES = {
    "preProcessingTrace": Phase.PRE_PROCESSING,
    "postProcessingTrace": Phase.POST_PROCESSING,
    "routingClassifierTrace": Phase.ROUTING,
    "guardrailTrace": Phase.GUARDRAIL,
}
MOST_TOKENS = 2**40
_CALLS = ("tool", "code", "retrieval", "agent")


class RunSpans:
    """The spans of one run, built by going through its steps once.

    After `build`: `drafts` in the order they began, `calls` the collaborators called, `finish` the final answer's
    observation, `failure` the reported failure, `rationale` what stands without any call or model step to explain.
    """

    def __init__(self, run: Run, prices: PriceTable, rules: tuple[ErrorRule, ...]) -> None:
        self._run = run
        self._prices = prices
        self._rules = rules
        self._open: dict[tuple[str, str | None], list[Draft]] = {}
        self._rationales: dict[str | None, tuple[str | None, Item]] = {}
        self._said_at: int | None = None
        self._iterations: dict[str | None, int] = {}
        self._last_model: Draft | None = None
        self.drafts: list[Draft] = []
        self.calls: list[Draft] = []
        self.finish: Json | None = None
        self.finished_at: int | None = None
        self.failure: SpanError | None = None
        self.rationale: str | None = None
        self.notes: list[str] = []
        self.intervened = False
        self.blocked = False

    def build(self) -> None:
        """Goes through the steps."""
        handlers: dict[str, Callable[[Item], None]] = {
            "modelInvocationInput": self._model_input,
            "modelInvocationOutput": self._model_output,
            "rationale": self._explained,
            "invocationInput": self._called,
            "observation": self._observed,
            "guardrailTrace": self._guarded,
            "failureTrace": self._failed,
            "customOrchestrationTrace": self._noted,
        }
        for item in self._run.items:
            handlers[item.step.member](item)
        self._settle()

    def _add(self, draft: Draft, item: Item) -> Draft:
        draft.saw(item)
        if draft.phase is Phase.ORCHESTRATION:
            draft.iteration = self._iterations.setdefault(draft.step_id, len(self._iterations) + 1)
        self.drafts.append(draft)
        return draft

    def _draft(self, kind: str, name: str, item: Item) -> Draft:
        step = item.step
        key = f"{kind}:{step.step_id or self._run.run_id}"
        return Draft(kind, name, key, self._run.run_id, step.step_id, _PHASES.get(step.union, Phase.ORCHESTRATION))

    def _take_open(self, kind: str, step_id: str | None) -> Draft | None:
        waiting = self._open.get((kind, step_id))
        return waiting.pop(0) if waiting else None

    def _wait(self, draft: Draft) -> None:
        self._open.setdefault((draft.kind, draft.step_id), []).append(draft)

    def _model_input(self, item: Item) -> None:
        value = item.step.value
        model_id = text(value, "foundationModel")
        draft = self._add(self._draft("model", _model_name(model_id), item), item)
        prompt = text(value, "text")
        draft.fields = {
            "prompt_type": text(value, "type"),
            "model_id": model_id,
            "input": prompt,
            "inference": mapping(value, "inferenceConfiguration"),
            "prompt_creation_mode": text(value, "promptCreationMode"),
            "parser_mode": text(value, "parserMode"),
            "override_lambda": text(value, "overrideLambda"),
        }
        draft.lasted(item.at, None, derived=True)
        self._note_silent_reprompt(prompt)
        self._last_model = draft
        # A custom orchestration writes its rationale before the output; one that came even earlier is this step's too.
        self._wait(draft)

    def _note_silent_reprompt(self, prompt: str | None) -> None:
        before = self._last_model
        if before is None or prompt is None or (self.drafts and self.drafts[-1].kind in _CALLS):
            return
        between = self.drafts[self.drafts.index(before) + 1 : -1]
        if any(draft.kind in _CALLS for draft in between):
            return
        if said := silent_reprompt(prompt):
            before.fields["reprompt"] = "silent"
            before.failed(SpanError(source=ErrorSource.INFERRED, type="silent_reprompt", text=said))

    def _model_output(self, item: Item) -> None:
        value = item.step.value
        draft = self._take_open("model", item.step.step_id)
        if draft is None:
            draft = self._add(self._draft("model", _model_name(None), item), item)
            draft.missing.append("input")
            self._last_model = draft
        draft.saw(item)
        draft.closed = True
        raw = text(mapping(value, "rawResponse"), "content")
        parsed = mapping(value, "parsedResponse")
        tokens = _tokens(output_metadata(item.step), raw)
        draft.fields |= {
            "output": raw,
            "parsed_output": text(parsed, "text"),
            "is_valid": flag(parsed, "isValid"),
            "reasoning": reasoning(value),
            "tokens": tokens,
            "cost_usd": self._prices.cost(draft.fields.get("model_id"), tokens),
            "stop_reason": stop_reason(raw),
        }
        if (explained := text(parsed, "rationale")) is not None:
            draft.fields["rationale"] = explained
        _set_times(draft, item, item.at)
        self._said_at = draft.end if draft.end is not None else item.at

    def _explained(self, item: Item) -> None:
        words = text(item.step.value, "text")
        self._rationales[item.step.step_id] = (words, item)
        self._said_at = item.at if item.at is not None else self._said_at
        model = next((d for d in reversed(self.drafts) if d.kind == "model" and d.step_id == item.step.step_id), None)
        if model is not None:
            model.fields["rationale"] = words
            model.saw(item)
        else:
            self.rationale = words

    def _called(self, item: Item) -> None:
        value = item.step.value
        if "actionGroupInvocationInput" in value:
            draft = self._draft("tool", "", item)
            tool_draft(draft, mapping(value, "actionGroupInvocationInput"))
        elif "codeInterpreterInvocationInput" in value:
            draft = self._draft("code", "code_interpreter", item)
            code_draft(draft, mapping(value, "codeInterpreterInvocationInput"))
        elif "knowledgeBaseLookupInput" in value:
            draft = self._draft("retrieval", "", item)
            retrieval_draft(draft, mapping(value, "knowledgeBaseLookupInput"))
        elif "agentCollaboratorInvocationInput" in value:
            draft = self._collaborator(item, mapping(value, "agentCollaboratorInvocationInput"))
        else:
            return
        self._add(draft, item)
        draft.start = item.at
        if rationale := self._rationales.get(item.step.step_id):
            draft.fields["rationale"] = rationale[0]
            if self.rationale == rationale[0]:
                self.rationale = None
        self._wait(draft)

    def _collaborator(self, item: Item, call: Json) -> Draft:
        arn = text(call, "agentCollaboratorAliasArn")
        draft = self._draft("agent", text(call, "agentCollaboratorName") or "collaborator", item)
        draft.key = f"collab:{item.step.step_id}:{arn}"
        payload = mapping(call, "input")
        draft.fields = {"input": text(payload, "text")}
        if answered := text(mapping(payload, "returnControlResults"), "invocationId"):
            draft.fields["notes"] = (f"brings the results of return of control {answered}",)
        self.calls.append(draft)
        return draft

    def _observed(self, item: Item) -> None:
        value = item.step.value
        # The console merges several observations of a step into one.
        for name, observe in (
            ("actionGroupInvocationOutput", self._tool_output),
            ("codeInterpreterInvocationOutput", self._code_output),
            ("knowledgeBaseLookupOutput", self._retrieved),
            ("agentCollaboratorInvocationOutput", self._collaborated),
            ("repromptResponse", self._reprompted),
            ("finalResponse", self._finished),
        ):
            if name in value:
                observe(item, mapping(value, name))

    def _finished(self, item: Item, output: Json) -> None:
        self.finish = output
        self.finished_at = item.at

    def _closing(self, kind: str, item: Item) -> Draft:
        draft = self._take_open(kind, item.step.step_id)
        if draft is None:
            draft = self._add(self._draft(kind, "", item), item)
            draft.missing.append("input")
            if kind == "tool":
                tool_draft(draft, {})
            elif kind == "retrieval":
                retrieval_draft(draft, {})
            else:
                draft.name = "code_interpreter"
        draft.saw(item)
        draft.closed = True
        return draft

    def _tool_output(self, item: Item, output: Json) -> None:
        draft = self._closing("tool", item)
        draft.fields["output"] = words = text(output, "text")
        # Tool events carry the end time twice (48 of 48 captures), so the start comes from metadata, else from the
        # model's last word before the call.
        _set_times(draft, item, item.at, start=self._said_at)
        if error := infer_error(words, self._rules):
            draft.failed(error)

    def _code_output(self, item: Item, output: Json) -> None:
        draft = self._closing("code", item)
        failed = text(output, "executionError")
        timed_out = flag(output, "executionTimeout")
        draft.fields |= {
            "output": text(output, "executionOutput"),
            "output_files": texts(output, "files"),
            "execution_error": failed,
            "execution_timeout": timed_out,
        }
        _set_times(draft, item, item.at, start=self._said_at)
        if failed:
            draft.failed(SpanError(source=ErrorSource.REPORTED, type="execution_error", text=failed))
        elif timed_out:
            draft.failed(SpanError(source=ErrorSource.REPORTED, type="execution_timeout"))

    def _retrieved(self, item: Item, output: Json) -> None:
        draft = self._closing("retrieval", item)
        if "retrievedReferences" in output:
            draft.fields["references"] = references(mappings(output, "retrievedReferences"))
        _set_times(draft, item, item.at, start=draft.start)

    def _collaborated(self, item: Item, output: Json) -> None:
        arn = text(output, "agentCollaboratorAliasArn")
        key = f"collab:{item.step.step_id}:{arn}"
        draft = next((call for call in self.calls if call.key == key and not call.closed), None)
        if draft is None:
            draft = self._add(self._collaborator(item, output), item)
            draft.fields["input"] = None
            draft.missing.append("input")
        draft.saw(item)
        draft.closed = True
        draft.fields["child_run"] = run_of(text(mapping(output, "metadata"), "clientRequestId"))
        payload = mapping(output, "output")
        draft.fields["output"] = text(payload, "text")
        if control := text(mapping(payload, "returnControlPayload"), "invocationId"):
            draft.outcome = Outcome.RETURNED_CONTROL
            draft.fields["notes"] = (*draft.fields.get("notes", ()), f"returned control {control}")
        _set_times(draft, item, item.at, start=draft.start)

    def _reprompted(self, item: Item, output: Json) -> None:
        source = text(output, "source")
        kind = {"ACTION_GROUP": "tool", "KNOWLEDGE_BASE": "retrieval"}.get(source or "", "model")
        error = SpanError(source=ErrorSource.REPORTED, type="reprompt", text=text(output, "text"))
        draft = self._take_open(kind, item.step.step_id) if kind != "model" else self._last_model
        draft = draft or next((d for d in reversed(self.drafts) if d.kind == kind), None)
        if draft is None:
            self.notes.append(f"reprompt ({source or 'source not reported'}): {error.text or ''}")
            return
        draft.saw(item)
        draft.failed(error)
        if kind == "model":
            draft.fields["reprompt"] = "parser"
        elif not draft.closed:
            _set_times(draft, item, item.at, start=self._said_at)
        draft.closed = True

    def _guarded(self, item: Item) -> None:
        value = item.step.value
        side = "input" if "inputAssessments" in value else "output" if "outputAssessments" in value else None
        if side is None and item.step.step_id:
            side = "input" if "-pre-" in item.step.step_id else "output" if "-post-" in item.step.step_id else None
        draft = self._add(self._draft("guardrail", f"guardrail {side or ''}".strip(), item), item)
        action = text(value, "action")
        found = assessments(mappings(value, "inputAssessments") + mappings(value, "outputAssessments"))
        draft.fields = {"side": side, "action": action, "assessments": found}
        draft.closed = True
        _set_times(draft, item, item.at, start=item.at)
        if action == "INTERVENED":
            self.intervened = True
            self.blocked = self.blocked or any(finding.action == "BLOCKED" for finding in found)
            draft.outcome = Outcome.BLOCKED

    def _failed(self, item: Item) -> None:
        value = item.step.value
        code = integer(value, "failureCode")
        error = SpanError(
            source=ErrorSource.REPORTED,
            type=str(code) if code is not None else "failure",
            text=text(value, "failureReason"),
        )
        self.failure = error
        self.finished_at = item.at
        self.fail_open(error, item.at)
        for draft in self.drafts[-1:]:
            draft.saw(item)

    def fail_open(self, error: SpanError, at: int | None) -> None:
        """The calls that were still going on when the run failed failed with it; else the model's last one did."""
        waiting = [
            draft for draft in self.drafts if draft.kind in _CALLS and not draft.closed and not _returns_control(draft)
        ]
        if not waiting and self._last_model is not None and not self._last_model.closed:
            waiting = [self._last_model]
        for draft in waiting:
            draft.failed(error)
            draft.closed = True
            start = self._said_at if draft.kind in ("tool", "code") and self._said_at is not None else draft.start
            draft.lasted(start, at, derived=True)

    def _noted(self, item: Item) -> None:
        draft = self._add(self._draft("custom", "custom orchestration", item), item)
        draft.fields = {"text": text(mapping(item.step.value, "event"), "text")}
        draft.lasted(item.at, item.at, derived=False)
        draft.closed = True

    def _settle(self) -> None:
        """Decides on what was left without an output: answered all the same, handed back, or cut off."""
        for place, draft in enumerate(self.drafts):
            if draft.closed:
                continue
            if draft.kind == "model":
                self._settle_model(draft, self.drafts[place + 1 :])
            elif _returns_control(draft):
                draft.outcome = Outcome.RETURNED_CONTROL
                draft.lasted(draft.start, None, derived=True)
            else:
                draft.missing.append("output")
                draft.outcome = Outcome.INCOMPLETE
                draft.lasted(draft.start, None, derived=True)

    def _settle_model(self, draft: Draft, later: Iterable[Draft]) -> None:
        draft.missing.append("output")
        went_on = any(other.kind != "custom" for other in later) or self.finish is not None
        if not went_on and "rationale" not in draft.fields:
            draft.outcome = Outcome.INCOMPLETE


def _returns_control(draft: Draft) -> bool:
    return draft.fields.get("execution_type") == "RETURN_CONTROL"


def _model_name(model_id: str | None) -> str:
    return model_id.rpartition("/")[2] if model_id else "model"


def _tokens(metadata: Json, raw: str | None) -> Tokens:
    usage = mapping(metadata, "usage")
    read, written = cache_tokens(raw) if raw and "ache" in raw else (None, None)
    return Tokens(
        input=_plausible(integer(usage, "inputTokens")),
        output=_plausible(integer(usage, "outputTokens")),
        cache_read=_plausible(read),
        cache_write=_plausible(written),
    )


def _plausible(tokens: int | None) -> int | None:
    """A number of tokens that a model call can have, so that sums stay numbers that databases hold."""
    return tokens if tokens is not None and 0 <= tokens < MOST_TOKENS else None


def _set_times(draft: Draft, item: Item, at: int | None, *, start: int | None = None) -> None:
    metadata = output_metadata(item.step)
    reported_start, reported_end = microseconds(metadata.get("startTime")), microseconds(metadata.get("endTime"))
    if reported_start is not None and reported_end is not None and reported_end >= reported_start:
        draft.lasted(reported_start, reported_end, derived=False)
    else:
        draft.lasted(start if start is not None else draft.start, at, derived=True)
