"""A call goes through the proxy to AWS and back, and its trace is in tracehub."""

import time
from pathlib import Path
from typing import Any

import httpx

from tests.proxying import Proxying, proxying
from tests.replaying import replaying

DEMO = ("--demo", "--match", "any", "--speed", "0")


def test_a_call_through_the_proxy_is_a_trace(tmp_path: Path) -> None:
    with replaying(options=DEMO) as upstream, proxying(upstream, tmp_path) as run:
        stream = run.client.invoke_agent(
            agentId="AGENT12345", agentAliasId="ALIAS12345", sessionId="one", inputText="hi", enableTrace=True
        )
        events = list(stream["completion"])
        assert "trace" in events[0]
        traces = _traces(run, 1)
        assert traces[0]["question"] == "hi"
        assert f"{run.key_id} " in run.tracehub("keys", "list")


def test_who_did_not_ask_for_the_trace_does_not_get_it_and_tracehub_does(tmp_path: Path) -> None:
    with replaying(options=DEMO) as upstream, proxying(upstream, tmp_path) as run:
        stream = run.client.invoke_agent(
            agentId="AGENT12345", agentAliasId="ALIAS12345", sessionId="one", inputText="hi"
        )
        assert not any("trace" in event for event in stream["completion"])
        assert _traces(run, 1)[0]["steps"] > 0


def _traces(run: Proxying, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 30
    while True:
        items = httpx.get(f"{run.web}/api/v1/sessions").json()["items"]
        if len(items) >= count or time.monotonic() > deadline:
            assert len(items) == count
            return list(items)
        time.sleep(0.1)
