"""Supervisors and their collaborators: own runs, own sub-sessions, events interleaved in one stream."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tracehub.demo.call import uuid_of
from tracehub.demo.cast import Agent
from tracehub.demo.completions import java_call, java_result, tool_use_id
from tracehub.demo.moves import complete
from tracehub.demo.run import MS, Run

Json = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """What a supervisor hands to a collaborator; `work` plays its run and returns its answer."""

    agent: Agent
    text: str
    work: Callable[[Run], str]


def delegate(
    run: Run, why: str, tasks: Sequence[Task], *, union: str = "orchestrationTrace", model: bool = True
) -> None:
    """One step: the supervisor calls collaborators, in parallel where there are several, and waits for all."""
    ids = [tool_use_id(run.chance) for _ in tasks]
    if model:
        asked: list[tuple[str, str, Json]] = [
            (call_id, "AgentCommunication__sendMessage", {"recipient": task.agent.name, "content": task.text})
            for call_id, task in zip(ids, tasks, strict=True)
        ]
        run.model(complete(run, f"<thinking>{why}</thinking>", asked))
        run.thinks(why)
    began = run.now
    ended = began
    for place, task in enumerate(tasks):
        at = began + place * MS
        run.calls({"agentCollaboratorInvocationInput": _input(task)}, "AGENT_COLLABORATOR", union=union, at=at)
        run.call.now = at + run.chance.randint(150, 400) * MS
        child = Run(
            run.call,
            task.agent,
            "3",
            run_id=uuid_of(run.chance),
            session_id=uuid_of(run.chance),
            parents=run.chain,
            name=task.agent.name,
        )
        child.says("user", task.text)
        answer = task.work(child)
        run.now = child.now + 40 * MS
        output = {
            "agentCollaboratorAliasArn": task.agent.arn(),
            "agentCollaboratorName": task.agent.name,
            "metadata": {**run.metadata(at + MS), "clientRequestId": child.run_id},
            "output": {"text": answer, "type": "TEXT"},
        }
        run.observes({"agentCollaboratorInvocationOutput": output}, "AGENT_COLLABORATOR", union=union)
        ended = max(ended, run.now)
        run.adds("assistant", java_call(ids[place], "AgentCommunication__sendMessage", {"content": task.text}))
        run.adds("user", java_result(ids[place], answer))
    run.now = ended
    run.step += 1


def _input(task: Task) -> Json:
    return {
        "agentCollaboratorAliasArn": task.agent.arn(),
        "agentCollaboratorName": task.agent.name,
        "input": {"text": task.text, "type": "TEXT"},
    }
