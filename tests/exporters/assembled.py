"""Whole traces, without a store: what exporters are given."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from tests.bedrock.decoding import decoded
from tests.traffic import demo_events
from tracehub.analytics.knowledge import load_knowledge
from tracehub.bedrock.assemble import assemble
from tracehub.bedrock.clues import clues_in
from tracehub.model.record import Event
from tracehub.model.trace import Trace

_KNOWLEDGE = load_knowledge(None, None)


def assembled(events: Iterable[Event]) -> list[Trace]:
    """The traces of these events, with the results of returned control."""
    grouped: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        grouped[event.trace_id].append(event)
    answers = {
        name: event
        for found in grouped.values()
        for event in found
        if event.kind == "request"
        for name in clues_in([event]).answers
    }
    return [
        assemble(trace_id, found, answers=answers, prices=_KNOWLEDGE.prices, rules=_KNOWLEDGE.rules)
        for trace_id, found in grouped.items()
    ]


@cache
def demo_traces(sessions: int = 60) -> tuple[Trace, ...]:
    """The traces of so many demo sessions."""
    return tuple(assembled(demo_events(sessions)))


def captured_traces(corpus_dir: Path) -> Iterator[tuple[str, Trace]]:
    """Every trace of every capture, each file by itself, with the file's name."""
    for file in sorted(corpus_dir.iterdir()):
        for trace in assembled(decoded(file.read_bytes()).events):
            yield file.name, trace
