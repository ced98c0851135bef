"""Hangs the collaborators' runs below the calls that started them."""

from collections.abc import Mapping

from tracehub.bedrock.draft import Draft
from tracehub.bedrock.run_spans import RunSpans
from tracehub.bedrock.runs import Run
from tracehub.model.span import Agent, Outcome


def nest(root: Run, own: RunSpans, top: Draft, collaborators: list[Run], spans_of: Mapping[str, RunSpans]) -> None:
    """Gives every run its place: the call that names it, else the open call for its alias, else its chain's caller.

    Parallel collaborators are paired by alias, never with a stack, as their events interleave.
    """
    places: dict[str, tuple[Run, Draft]] = {root.run_id: (root, top)}
    named = {run_id: call for spans in (own, *spans_of.values()) for run_id, call in _named(spans)}
    taken: set[int] = set()
    for run in sorted(collaborators, key=lambda run: len(run.chain)):
        parent = _parent(run, [place[0] for place in places.values()], root)
        call = named.get(run.run_id)
        if call is None or id(call) in taken:
            call = _call_for(run, spans_of[parent.run_id], taken, named, collaborators)
        if call is None:
            call = Draft("agent", "collaborator", f"agent:{run.run_id}", run.run_id, None, None)
            call.missing.append("the call by its supervisor")
            places[parent.run_id][1].children.append(call)
        taken.add(id(call))
        _fill(call, run, spans_of[run.run_id])
        places[run.run_id] = (run, call)
    for spans in spans_of.values():
        for call in spans.calls:
            call.fields.setdefault("agent", Agent(name=call.name, arn=_arn_of(call)))


def _named(spans: RunSpans) -> list[tuple[str, Draft]]:
    """The calls whose output tells the collaborator's request id."""
    return [(run, call) for call in spans.calls if (run := call.fields.pop("child_run", None))]


def _parent(run: Run, placed: list[Run], root: Run) -> Run:
    return next((other for other in placed if other.chain == run.chain[:-1]), root)


def _call_for(
    run: Run, spans: RunSpans, taken: set[int], named: Mapping[str, Draft], collaborators: list[Run]
) -> Draft | None:
    arn = run.chain[-1] if run.chain else None
    others = {id(call) for run_id, call in named.items() if any(other.run_id == run_id for other in collaborators)}
    return next(
        (call for call in spans.calls if id(call) not in taken and id(call) not in others and _arn_of(call) == arn),
        None,
    )


def _arn_of(call: Draft) -> str | None:
    return call.key.partition(":arn:")[2] and "arn:" + call.key.partition(":arn:")[2]


def _fill(call: Draft, run: Run, spans: RunSpans) -> None:
    name = call.name if call.name != "collaborator" else run.agent.name or run.agent.agent_id or call.name
    agent = run.agent
    call.name = name
    call.run_id = run.run_id
    call.children = spans.drafts
    call.fields |= {
        "agent": Agent(
            agent_id=agent.agent_id,
            alias_id=agent.alias_id,
            version=agent.version,
            name=name,
            arn=agent.arn,
            inline=agent.inline,
        ),
        "session_id": run.session_id,
    }
    call.finish_with(spans.finish)
    if spans.notes:
        call.fields["notes"] = (*call.fields.get("notes", ()), *spans.notes)
    if spans.failure:
        call.failed(spans.failure)
    elif spans.blocked or (spans.intervened and spans.finish is None):
        call.outcome = Outcome.BLOCKED
    elif call.outcome is Outcome.INCOMPLETE and spans.finish is not None:
        call.outcome = Outcome.OK
