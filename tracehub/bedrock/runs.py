"""Splits a trace into the runs of its agents."""

from collections.abc import Iterable

import msgspec

from tracehub.bedrock.order import Item, in_order, index_first
from tracehub.bedrock.shapes import run_of
from tracehub.model.span import Agent


class Run(msgspec.Struct, frozen=True):
    """One agent's run: its steps in order, who it was, and under which chain of callers."""

    run_id: str
    chain: tuple[str, ...]
    items: tuple[Item, ...]
    agent: Agent
    session_id: str | None
    began_at: int | None


def runs_of(items: Iterable[Item], trace_id: str) -> tuple[Run | None, list[Run]]:
    """The top agent's run (None where no step was traced) and its collaborators' runs in the order they began."""
    grouped: dict[str, list[Item]] = {}
    homeless: list[Item] = []
    for item in items:
        run_id = _run_of(item)
        if run_id is None:
            homeless.append(item)
        else:
            grouped.setdefault(run_id, []).append(item)
    _house(homeless, grouped, trace_id)
    runs = [_run(run_id, members) for run_id, members in grouped.items()]
    if not runs:
        return None, []
    root = min(runs, key=lambda run: (run.run_id != trace_id, len(run.chain), _began(run)))
    return root, sorted((run for run in runs if run is not root), key=_began)


def _run_of(item: Item) -> str | None:
    """The run that the step itself names: evaluators write a collaborator's step and its supervisor's into one part."""
    if len(item.part.steps) == 1:
        return item.part.run_id
    return run_of(item.step.step_id) or item.part.run_id


def _house(homeless: list[Item], grouped: dict[str, list[Item]], trace_id: str) -> None:
    """Steps without a traceId belong to the run with their chain of callers, else to the top run."""
    by_chain = {
        item.part.chain: run_id for run_id, members in sorted(grouped.items()) for item in members if item.part.chain
    }
    top = (
        trace_id
        if trace_id in grouped or not grouped
        else min(grouped, key=lambda run_id: _shallowest(grouped[run_id]))
    )
    for item in homeless:
        grouped.setdefault(by_chain.get(item.part.chain, top), []).append(item)


def _shallowest(items: list[Item]) -> tuple[int, str]:
    return min((len(item.part.chain), item.part.run_id or "") for item in items)


def _began(run: Run) -> tuple[bool, int, int, str]:
    return (run.began_at is None, run.began_at or 0, min(item.event.index for item in run.items), run.run_id)


def _run(run_id: str, members: list[Item]) -> Run:
    items = tuple(in_order(members))
    own = tuple(item for item in items if item.part.run_id == run_id) or items
    chain = max((item.part.chain for item in own), key=len)
    return Run(run_id, chain, items, _agent(own, chain), _first(own, "session_id"), index_first(items))


def _agent(items: tuple[Item, ...], chain: tuple[str, ...]) -> Agent:
    arn = chain[-1] if chain else None
    of_arn = arn.rpartition(":")[2].split("/") if arn else []
    inline = len(of_arn) > 1 and of_arn[1] == "INLINE_AGENT"
    known = len(of_arn) == 3 and not inline
    return Agent(
        agent_id=_first(items, "agent_id") or (of_arn[1] if known else None),
        alias_id=_first(items, "alias_id") or (of_arn[2] if known else None),
        version=_first(items, "version"),
        # Below the second level AWS repeats the name of the level above, so there the ARN alone identifies.
        name=_first(items, "collaborator") if len(chain) == 2 else None,
        arn=arn,
        inline=inline,
    )


def _first(items: tuple[Item, ...], field: str) -> str | None:
    return next((value for item in items if (value := getattr(item.part, field))), None)
