"""Every real capture decodes, with nothing quarantined but what its index calls broken."""

import re
from collections import Counter
from pathlib import Path

import orjson

from tests.bedrock.decoding import decoded, found, in_chunks, names
from tracehub.bedrock.shapes import part_of
from tracehub.model.record import Decoded

# The index counts what its own best effort read; these say otherwise when counted in the file itself.
COUNTED = {
    "iss-agenteval-64-throttling.txt": 1,  # the exception is an event
    "oi-failure-trace-unit.py.txt": 1,  # the typed constructors make a failureTrace
    "lca-inline-langgraph-long.log": 142,  # 29 inputs of models, of which the index found 26
    "mlf-multi-agent-jsonl-excerpt.jsonl": 2,  # the unbalanced line is quarantined
}
BROKEN = {"mlf-multi-agent-jsonl-excerpt.jsonl": 1}
# Their best-effort decodes left escapes in the text, or repaired the broken line.
UNLIKE_THEIR_DECODE = {"lca-inline-langgraph-long", "mlf-multi-agent-jsonl-excerpt"}


def indexed(corpus_dir: Path) -> dict[str, int]:
    rows = [line.split("|") for line in (corpus_dir / "INDEX.md").read_text().splitlines() if line.startswith("| ")]
    return {row[1].strip(): int(row[5]) for row in rows if row[5].strip().isdigit()}


def test_each_capture_holds_as_many_messages_as_its_index_says(corpus_dir: Path) -> None:
    expected = {**indexed(corpus_dir), **COUNTED}
    results = {name: decoded((corpus_dir / name).read_bytes()) for name in expected}
    assert {name: found(result) for name, result in results.items()} == expected
    quarantined = {name: len(result.quarantined) for name, result in results.items() if result.quarantined}
    assert quarantined == BROKEN


def test_nothing_is_quarantined_in_the_decoded_forms(corpus_dir: Path) -> None:
    for file in corpus_dir.glob("*.json"):
        assert decoded(file.read_bytes()).quarantined == (), file.name


def test_a_capture_has_the_same_events_in_binary_and_as_json(corpus_dir: Path) -> None:
    files = sorted(corpus_dir.glob("*.bin"))
    assert files
    for file in files:
        assert names(decoded(file.read_bytes())) == names(decoded(file.with_suffix(".json").read_bytes())), file.name


def test_a_log_has_the_same_events_as_its_decode(corpus_dir: Path) -> None:
    for file in corpus_dir.glob("*.events.json"):
        stem = file.name.removesuffix(".events.json")
        source = next(path for path in corpus_dir.glob(f"{stem}.*") if path != file)
        if stem not in UNLIKE_THEIR_DECODE:
            ids = {event.event_id for event in decoded(file.read_bytes()).events}
            assert ids == {event.event_id for event in decoded(source.read_bytes()).events}, stem


def test_the_members_are_those_of_the_index(corpus_dir: Path) -> None:
    for line in (corpus_dir / "INDEX.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 6 and cells[5].isdigit() and cells[1] not in COUNTED:
            result = decoded((corpus_dir / cells[1]).read_bytes())
            for member, count in counted_in_index(cells[6]).items():
                assert members_of(result)[member] == count, (cells[1], member)


def counted_in_index(cell: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for entry in cell.split(", "):
        name, _, times = entry.partition("×")
        for member in ("modelInvocationInput", "modelInvocationOutput", "rationale", "observation", "invocationInput"):
            if re.match(rf"(?:\w+\.)?{member}(?:\.|$)", name):
                counts[member] += int(times or 1)
    return counts


def members_of(result: Decoded) -> Counter[str]:
    parts = [part_of(event.body) for event in result.events if event.kind == "trace"]
    return Counter(step.member for part in parts if part for step in part.steps)


def test_a_repeated_event_is_decoded_each_time_and_kept_once(corpus_dir: Path) -> None:
    result = decoded((corpus_dir / "lca-inline-langgraph-long.log").read_bytes())
    assert (found(result), len(result.events), len({event.event_id for event in result.events})) == (142, 14, 14)
    assert Counter(event.trace_id for event in result.events).most_common() == [
        ("28c1f0a546b14ea1bddde45eceb79d82", 5),
        ("bf32345627064e97b55b420d07bbe249", 5),
        ("31fd351367fa48ddb10944d92693e004", 4),
    ]


def test_collaborators_belong_to_the_call_that_called_them(corpus_dir: Path) -> None:
    body = orjson.loads((corpus_dir / "oi-js-multi-agent.json").read_bytes())
    lines = b"\n".join(orjson.dumps({e["headers"][":event-type"]: e["payload"]}) for e in body["events"])
    as_log, as_stream = decoded(lines), decoded((corpus_dir / "oi-js-multi-agent.bin").read_bytes())
    assert len({event.run_id for event in as_log.events if event.run_id}) > 1
    assert {(event.trace_id, event.event_id) for event in as_log.events} == {
        (event.trace_id, event.event_id) for event in as_stream.events
    }


def test_batches_together_hold_what_the_whole_holds(corpus_dir: Path) -> None:
    for file in sorted(corpus_dir.iterdir()):
        data = file.read_bytes()
        whole, batches = decoded(data), in_chunks(data, 1000)
        assert [name for batch in batches for name in names(batch)] == names(whole), file.name
        assert sum(batch.records for batch in batches) == whole.records, file.name


def test_every_raw_event_is_one_line_that_decodes_to_itself(corpus_dir: Path) -> None:
    for file in sorted(corpus_dir.iterdir()):
        result = decoded(file.read_bytes())
        for event in result.events:
            assert b"\n" not in event.raw
            assert orjson.loads(event.raw) == event.body
            again = decoded(event.raw)
            assert [other.kind for other in again.events] == [event.kind], file.name
