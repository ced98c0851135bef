"""Phoenix beside tracehub: the same steps as one trace, in an environment of its own under benchmarks/results/."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "results" / "phoenix-venv"
PACKAGE = "arize-phoenix"
_LOADER = Path(__file__).with_name("phoenix_load.py")
_KINDS = {"model": "LLM", "tool": "TOOL", "code": "TOOL", "retrieval": "RETRIEVER", "guardrail": "GUARDRAIL"}
START_SECONDS = 120


def installed() -> str | None:
    """Phoenix's version; None where it can be neither found nor installed."""
    if not (FOLDER / "bin" / "phoenix").exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=False)
        pip = [str(FOLDER / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q", PACKAGE]
        if made.returncode or subprocess.run(pip, check=False, capture_output=True).returncode:
            return None
    asked = "import importlib.metadata as m; print(m.version('arize-phoenix'))"
    told = subprocess.run([str(FOLDER / "bin" / "python"), "-c", asked], capture_output=True, text=True, check=False)
    return told.stdout.strip() or None


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a Phoenix with an empty database in this folder."""
    port, other = _free_port(), _free_port()
    environment = os.environ | {
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(other),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    command = [str(FOLDER / "bin" / "phoenix"), "serve"]
    with (folder / "phoenix.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/healthz", process)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def load(address: str, session_id: str, traces: list[dict[str, Any]]) -> str:
    """Sends a session's turns, as tracehub's API tells them, as one trace; the path of its page once it is there."""
    spans = _spans(session_id, traces)
    python = str(FOLDER / "bin" / "python")
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
    deadline = time.monotonic() + START_SECONDS
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


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    msg = f"Phoenix did not answer (exit code {process.poll()})"
    raise RuntimeError(msg)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
