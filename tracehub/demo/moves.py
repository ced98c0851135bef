"""What agents do in one step: think and call tools, look something up, run code, conclude."""

from dataclasses import dataclass, field
from typing import Any

from tracehub.demo.completions import anthropic, converse, java_call, java_result, tool_use_id
from tracehub.demo.run import MS, Run

Json = dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """One call of an action group: a function, or with `verb` an API operation."""

    group: str
    function: str
    arguments: dict[str, str]
    result: str
    verb: str | None = None
    body: Json | None = None
    execution: str = "LAMBDA"
    extra: Json = field(default_factory=dict)

    def model_name(self) -> str:
        """The name by which the model knows the tool."""
        return f"{self.verb}__{self.group}__{self.function}" if self.verb else f"{self.group}__{self.function}"

    def invocation(self) -> Json:
        """The actionGroupInvocationInput."""
        call: Json = {"actionGroupName": self.group, "executionType": self.execution}
        if self.verb:
            call |= {"apiPath": self.function, "verb": self.verb.lower()}
        else:
            call["function"] = self.function
        call["parameters"] = [
            {"name": name, "type": "string", "value": value} for name, value in self.arguments.items()
        ]
        if self.body is not None:
            call["requestBody"] = {"content": {"application/json": self.body_parameters()}}
        return {**call, **self.extra}

    def body_parameters(self) -> list[Json]:
        """The request body's fields as parameters."""
        return [{"name": name, "type": "string", "value": str(value)} for name, value in (self.body or {}).items()]


def complete(run: Run, text: str, calls: list[tuple[str, str, Json]], *, cached: int | None = None) -> str:
    """The raw response in the form of the run's model."""
    if run.agent.model.startswith("amazon."):
        return converse(text, calls)
    return anthropic(run.chance, text, calls, cached=cached)


def act(run: Run, why: str, tools: list[Tool], *, explain: bool = True, model: Json | None = None) -> None:
    """One step: the model decides, its rationale, and the tools called, which share the step's traceId."""
    ids = [tool_use_id(run.chance) for _ in tools]
    asked = [(call_id, tool.model_name(), dict(tool.arguments)) for call_id, tool in zip(ids, tools, strict=True)]
    text = f"<thinking>{why}</thinking>" if explain else ""
    run.model(complete(run, text, asked, cached=run.chance.choice((None, 1024))), **(model or {}))
    if explain:
        run.thinks(why)
    began = run.now
    for call_id, tool in zip(ids, tools, strict=True):
        run.adds("assistant", java_call(call_id, tool.model_name(), dict(tool.arguments)))
        perform(run, tool, began)
        run.adds("user", java_result(call_id, tool.result))
    run.step += 1


def perform(run: Run, tool: Tool, began: int) -> None:
    """The tool's input and output, both emitted once it has returned."""
    slow = 6 if "timed out" in tool.result else 1
    run.now = max(run.now, began + run.chance.randint(40, 900) * MS * slow)
    run.calls({"actionGroupInvocationInput": tool.invocation()}, "ACTION_GROUP")
    if tool.execution == "LAMBDA":
        output = {"metadata": run.metadata(began + MS), "text": tool.result}
        run.observes({"actionGroupInvocationOutput": output}, "ACTION_GROUP")


def look_up(run: Run, why: str, knowledge_base: str, query: str, references: list[Json]) -> None:
    """One step: the model asks a knowledge base."""
    call_id, name = tool_use_id(run.chance), f"GET__x_amz_knowledgebase_{knowledge_base}__Search"
    run.model(complete(run, f"<thinking>{why}</thinking>", [(call_id, name, {"query": query})]))
    run.thinks(why)
    began = run.now
    run.calls({"knowledgeBaseLookupInput": {"knowledgeBaseId": knowledge_base, "text": query}}, "KNOWLEDGE_BASE")
    run.now += run.chance.randint(150, 1400) * MS
    output = {"metadata": run.metadata(began + MS), "retrievedReferences": references}
    run.observes({"knowledgeBaseLookupOutput": output}, "KNOWLEDGE_BASE")
    run.adds("assistant", java_call(call_id, name, {"query": query}))
    found = " ".join(str(reference["content"].get("text", "")) for reference in references)
    run.adds("user", java_result(call_id, found or "no results"))
    run.step += 1


def run_code(run: Run, why: str, code: str, output: Json) -> None:
    """One step: the model runs code."""
    run.model(
        complete(run, f"<thinking>{why}</thinking>", [(tool_use_id(run.chance), "code_interpreter", {"code": code})])
    )
    run.thinks(why)
    began = run.now
    run.now += run.chance.randint(300, 2500) * MS
    call = {"code": code, "files": ["sales.csv"]}
    run.calls({"codeInterpreterInvocationInput": call}, "ACTION_GROUP_CODE_INTERPRETER")
    result = {"metadata": run.metadata(began + MS), **output}
    run.observes({"codeInterpreterInvocationOutput": result}, "ACTION_GROUP_CODE_INTERPRETER")
    run.says("assistant", code)
    run.says("user", str(output.get("executionOutput") or output.get("executionError") or "timed out"))
    run.step += 1


def conclude(run: Run, answer: str, why: str = "I have what I need to answer.", kind: str = "FINISH") -> None:
    """The last step: the model answers and the run finishes."""
    run.model(complete(run, f"<thinking>{why}</thinking><answer>{answer}</answer>", []))
    run.thinks(why)
    run.finishes(answer, kind)


def guard(run: Run, side: str, action: str = "NONE", assessments: list[Json] | None = None) -> None:
    """A guardrail's assessment of the input or the output."""
    began = run.now
    run.now += run.chance.randint(90, 350) * MS
    run.part(
        "guardrailTrace",
        {
            "action": action,
            f"{side}Assessments": assessments if assessments is not None else [{}],
            "metadata": run.metadata(began + MS),
            "traceId": run.trace_id(f"guardrail-{'pre' if side == 'input' else 'post'}-0"),
        },
    )
