"""Real captures through the API: what the raw text holds is what tracehub answers, in trees that are valid."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.serving import serving

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus"
# INDEX.md: prints of helper programs, model-invocation logs and source text, in which no trace stands.
WITHOUT_TRACE = {
    "abs-15-inline-helper-console.log",
    "hcls-hypothesis-inline-helper.log",
    "mil-vectadb-converse-stream.json",
}
# INDEX.md: hand-edited, one line lacks its closing braces.
BROKEN = {"mlf-multi-agent-jsonl-excerpt.jsonl": 1}
# INDEX.md: the LangGraph debug stream repeats its events, so they are counted by step.
REPEATING = "lca-inline-langgraph-long.log"
# Console steps and this merged export hold one step per object and no repetitions, but several kinds of error texts.
CAPTURES = sorted(
    path.name
    for path in (CORPUS.iterdir() if CORPUS.is_dir() else ())
    if path.name != "INDEX.md" and ".events." not in path.name
)
OUTCOMES = {
    "oi-py-guardrail_intervention.bin": ["blocked"],
    "abw-preprocessing-truncated.log": ["incomplete"],
    "hcls-rad-20250409-noend.log": ["incomplete"],
    "iss-workshop-192-failure.txt": ["failed"],
    "iss-agenteval-64-throttling.txt": ["failed"],
    "lca-agents-roc-trace.log": ["returned_control", "returned_control"],
    "abs-03-return-control.log": ["returned_control"],
    "hcls-rad-20250413-toolerr.log": ["ok"],
    "oi-js-multi-agent.bin": ["ok"],
    "dd-agent_invoke_trace_disabled.bin": ["ok"],
}


@pytest.mark.parametrize("name", CAPTURES)
def test_what_the_raw_capture_holds_is_what_the_api_answers(corpus_dir: Path, sqlite_url: str, name: str) -> None:
    raw = (corpus_dir / name).read_bytes()
    counts, traces = _imported(sqlite_url, raw)
    assert counts["quarantined"] == BROKEN.get(name, 0)
    if name in WITHOUT_TRACE:
        assert (counts["events"], traces) == (0, [])
        return
    assert traces
    for trace in traces:
        _check_tree(trace["spans"])
    if name in BROKEN:
        return
    spans = [span for trace in traces for span in trace["spans"]]
    kinds = Counter(span["kind"] for span in spans)
    if name == REPEATING:
        assert kinds["model"] == len(_steps_with(raw, "modelInvocationOutput"))
        return
    assert kinds["model"] == max(_count(raw, "modelInvocationInput"), _count(raw, "modelInvocationOutput"))
    assert kinds["retrieval"] == _count(raw, "knowledgeBaseLookupInput")
    assert kinds["code"] == _count(raw, "codeInterpreterInvocationInput")
    assert kinds["guardrail"] == _count(raw, "guardrailTrace")
    assert kinds["agent"] == len(traces) + _count(raw, "agentCollaboratorInvocationInput")
    handed_back = _count(raw, "functionInvocationInput") + _count(raw, "apiInvocationInput")
    assert kinds["tool"] == max(_count(raw, "actionGroupInvocationInput"), handed_back)
    for member, field in (("inputTokens", "input"), ("outputTokens", "output")):
        reported = [span["tokens"][field] for span in spans if span["tokens"] and span["tokens"][field] is not None]
        assert sum(reported) == sum(_numbers(raw, member))
        assert len(reported) == len(_numbers(raw, member))
    if name in OUTCOMES:
        assert sorted(trace["outcome"] for trace in traces) == OUTCOMES[name]


@pytest.mark.parametrize("name", [name for name in CAPTURES if name.endswith(".bin")])
def test_a_stream_and_its_decode_give_the_same_traces(corpus_dir: Path, database_url: str, name: str) -> None:
    with serving(database_url) as server:
        first = server.client.post("/api/v1/records", content=(corpus_dir / name).read_bytes()).json()
        second = server.client.post(
            "/api/v1/records", content=(corpus_dir / name.replace(".bin", ".json")).read_bytes()
        ).json()
    assert first["events"] > 0
    assert (second["events"], second["duplicates"]) == (0, first["events"])


def test_parallel_tools_of_one_step_keep_their_own_outputs(corpus_dir: Path, sqlite_url: str) -> None:
    _, [trace] = _imported(sqlite_url, (corpus_dir / "hcls-rad-20250413-parallel-tools.log").read_bytes())
    tools = [span for span in trace["spans"] if span["kind"] == "tool"]
    assert len({tool["step_id"] for tool in tools}) == 1
    assert [tool["details"]["function"] for tool in tools] == [
        "check_radiology_report",
        "identify_anatomical_structures",
        "download_guidance_document",
        "run_validator",
    ]
    assert all(tool["output"] and tool["rationale"] for tool in tools)
    assert [tool["error"] and tool["error"]["source"] for tool in tools] == ["inferred", "inferred", None, None]


def test_collaborators_are_nested_three_levels_deep(corpus_dir: Path, sqlite_url: str) -> None:
    _, [trace] = _imported(sqlite_url, (corpus_dir / "oi-js-multi-agent.bin").read_bytes())
    agents = {span["span_id"]: span for span in trace["spans"] if span["kind"] == "agent"}
    root = trace["spans"][0]
    [supervisor] = [span for span in agents.values() if span["parent_id"] == root["span_id"]]
    assert supervisor["name"] == "SimpleSupervisor"
    below = [span for span in agents.values() if span["parent_id"] == supervisor["span_id"]]
    assert [span["name"] for span in below] == ["MathSolverAgent", "MathSolverAgent"]
    silent = [span for span in trace["spans"] if span["error"] and span["error"]["type"] == "silent_reprompt"]
    assert len(silent) == 4
    assert {span["parent_id"] for span in silent} == {below[0]["span_id"]}


def test_with_post_processing_the_answer_is_the_chunk(corpus_dir: Path, sqlite_url: str) -> None:
    _, [trace] = _imported(sqlite_url, (corpus_dir / "oi-py-post_processing_trace.bin").read_bytes())
    [post] = [span for span in trace["spans"] if span["phase"] == "post_processing"]
    assert trace["answer"] == post["details"]["parsed_output"]


def _imported(url: str, raw: bytes) -> tuple[dict[str, int], list[dict[str, Any]]]:
    with serving(url) as server:
        counts = server.client.post("/api/v1/records", content=raw).json()
        listed = server.client.get("/api/v1/traces?limit=500").json()["items"]
        traces = [server.client.get(f"/api/v1/traces/{item['trace_id']}").json() for item in listed]
    return counts, traces


def _check_tree(spans: list[dict[str, Any]]) -> None:
    seen: dict[str, dict[str, Any]] = {}
    assert [span["parent_id"] for span in spans].count(None) == 1
    assert spans[0]["parent_id"] is None
    for span in spans:
        assert span["span_id"] not in seen
        seen[span["span_id"]] = span
        if span["parent_id"] is None:
            continue
        parent = seen[span["parent_id"]]
        if span["started_at"] and parent["started_at"]:
            assert parent["started_at"] <= span["started_at"]
        if span["ended_at"] and parent["ended_at"]:
            assert span["ended_at"] <= parent["ended_at"]
        if span["started_at"] and span["ended_at"]:
            assert span["started_at"] <= span["ended_at"]


def _count(raw: bytes, member: str) -> int:
    """How often `member` stands as a key, in JSON, in a Python repr, or in JSON inside a string."""
    return len(re.findall(rb"""\\?["']%s\\?["']\s*:\s*(?:\{|\\?[\[{])""" % member.encode(), raw))


def _numbers(raw: bytes, member: str) -> list[int]:
    """The numbers under `member`; what models wrote about themselves stands escaped inside their raw response."""
    return [int(number) for number in re.findall(rb"""(?<!\\)["']%s["']\s*:\s*(\d+)""" % member.encode(), raw)]


def _steps_with(raw: bytes, member: str) -> set[bytes]:
    """The distinct traceIds of the objects under `member`."""
    found = re.findall(
        rb"""%s\\*["']\s*:\s*\{.*?traceId\\*["']\s*:\s*\\*["']([0-9a-f-]+)""" % member.encode(), raw, re.DOTALL
    )
    return set(found)
