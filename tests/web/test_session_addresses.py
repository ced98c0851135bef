"""The session page answers whatever its address says, and quietly ignores what it does not know."""

from collections.abc import Iterator

import pytest

from tests.serving import Server, serving
from tests.traffic import demo_lines

HOSTILE = (
    "find=%00",
    "find=%ff%ed%a0%80",
    "find=%25%5F%5C%27",
    "find=" + "x" * 3000,
    "find=%3Cscript%3E",
    "kind=model&kind=nope,tool",
    "kind=%00",
    "errors=2",
    "view=nope",
    "view=chat&from=99999999999",
    "view=raw&turn=%00",
    "axis=nope",
    "fold=" + ",".join(["a" * 16] * 100),
    "fold=%00,all",
    "in=%00",
    "in=nope%3D1",
    "in=" + "a%3D1%26" * 200,
    "hit=-1&find=order",
    "hit=999999&find=order",
    "hit=%D9%A3&find=order",
    "step=%00&find=x",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('addresses') / 'tracehub.db'}") as running:
        running.client.post("/api/v1/records", content=demo_lines(3))
        yield running


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: query[:24])
def test_every_address_of_a_session_answers(server: Server, query: str) -> None:
    session = server.client.get("/api/v1/sessions").json()["items"][0]["session_id"]
    found = server.client.get(f"/sessions/{session}?{query}")
    assert found.status_code == 200
    assert "<script>" not in found.text


@pytest.mark.parametrize(
    "path", ["/traces/x/turn.md", "/traces/x/invoke_agent.py", "/traces/x/spans/y.json", "/transcripts/x"]
)
def test_copies_of_what_does_not_exist_are_not_found(server: Server, path: str) -> None:
    assert server.client.get(path).status_code == 404
