"""Phoenix beside tracehub: the same steps as one trace, in the environment that the tests of exporting use too."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.receivers import phoenix
from tests.receivers.environments import UnavailableError, programs_of

PACKAGE = "arize-phoenix"
_LOADER = Path(__file__).with_name("phoenix_load.py")
_KINDS = {"model": "LLM", "tool": "TOOL", "code": "TOOL", "retrieval": "RETRIEVER", "guardrail": "GUARDRAIL"}
STORE_SECONDS = 120


def installed() -> str | None:
    """Phoenix's version; None where it can be neither found nor installed."""
    try:
        programs = programs_of("phoenix")
    except UnavailableError:
        return None
    asked = "import importlib.metadata as m; print(m.version('arize-phoenix'))"
    told = subprocess.run([str(programs / "python"), "-c", asked], capture_output=True, text=True, check=False)
    return told.stdout.strip() or None


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a Phoenix with an empty database in this folder."""
    with phoenix.serving(folder) as running:
        yield running.address


def load(address: str, session_id: str, traces: list[dict[str, Any]]) -> str:
    """Sends a session's turns, as tracehub's API tells them, as one trace; the path of its page once it is there."""
    spans = _spans(session_id, traces)
    python = str(programs_of("phoenix") / "python")
    subprocess.run([python, str(_LOADER), address], input=json.dumps(spans), text=True, check=True)
    project = _project(address, spans[0]["trace"], len(spans))
    return f"/projects/{project}/traces/{spans[0]['trace']}"


def _spans(session_id: str, traces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    trace_id = sha256(session_id.encode()).hexdigest()[:32]
    root = sha256(session_id.encode()).hexdigest()[:16]
    found: list[dict[str, Any]] = []
    for trace in traces:
        begin = _microseconds(trace["started_at"]) or 0
        for span in trace["spans"]:
            start = _microseconds(span["started_at"]) or begin
            error = span["error"]
            found.append(
                {
                    "trace": trace_id,
                    "id": span["span_id"],
                    "parent": span["parent_id"] or root,
                    "name": span["name"],
                    "start": start,
                    "end": _microseconds(span["ended_at"]) or start,
                    "failed": error is not None,
                    "attributes": {
                        "openinference.span.kind": _KINDS.get(span["kind"], "CHAIN"),
                        "session.id": session_id,
                        "input.value": str(span.get("input") or span.get("parameters") or ""),
                        "output.value": str(span.get("output") or ""),
                    },
                }
            )
    begin, end = min(span["start"] for span in found), max(span["end"] for span in found)
    attributes = {"openinference.span.kind": "AGENT", "session.id": session_id}
    top = {"trace": trace_id, "id": root, "parent": None, "name": session_id, "start": begin, "end": end}
    return [top | {"failed": False, "attributes": attributes}, *found]


def _project(address: str, trace_id: str, spans: int) -> str:
    """The default project's id, once the trace is stored whole."""
    asked = "{projects{edges{node{id traceCount recordCount}}}}"
    deadline = time.monotonic() + STORE_SECONDS
    stored: set[int] = set()
    while time.monotonic() < deadline:
        request = urllib.request.Request(
            f"{address}/graphql", json.dumps({"query": asked}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            nodes = [edge["node"] for edge in json.load(answer)["data"]["projects"]["edges"]]
        node = max(nodes, key=lambda each: each["recordCount"])
        if node["recordCount"] >= spans and node["recordCount"] in stored:
            return str(node["id"])
        stored.add(node["recordCount"])
        time.sleep(1)
    msg = f"Phoenix did not store trace {trace_id}"
    raise RuntimeError(msg)


def _microseconds(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1e6)
