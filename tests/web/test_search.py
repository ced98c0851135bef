"""The lists can be searched, by people and by programs, and show where they found it."""

import html
import json
import re
from collections.abc import Iterator

import pytest

from tests.serving import Server, serving
from tests.traffic import demo_lines

PAGE = {"accept": "text/html"}
HOSTILE = "<mark>x</mark><script>alert(1)</script> needle \u202e evil"


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    with serving(database_url) as running:
        running.client.post("/api/v1/records", content=demo_lines(20))
        yield running


def test_the_lists_of_the_api_take_a_query(server: Server) -> None:
    traces = server.client.get("/api/v1/traces", params={"q": "refund*", "limit": 500}).json()["items"]
    everything = server.client.get("/api/v1/traces", params={"limit": 500}).json()["items"]
    assert 0 < len(traces) < len(everything)
    sessions = server.client.get("/api/v1/sessions", params={"q": "refund*", "limit": 500}).json()["items"]
    assert {row["session_id"] for row in sessions} == {row["session_id"] for row in traces}
    tools = server.client.get("/api/v1/tools", params={"q": "refund*"}).json()["items"]
    assert sum(tool["calls"] for tool in tools) == sum(trace["tool_calls"] for trace in traces)


@pytest.mark.parametrize("path", ["/api/v1/sessions", "/api/v1/traces", "/api/v1/tools"])
def test_a_query_that_is_none_is_refused_by_name(server: Server, path: str) -> None:
    answer = server.client.get(path, params={"q": "colour:red"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("q: there is no field colour")
    described = server.client.get("/api/v1/openapi.json").json()["paths"][path]["get"]["parameters"]
    assert "q" in {parameter["name"] for parameter in described}


def test_the_list_says_beside_the_field_what_cannot_be_understood(server: Server) -> None:
    answer = server.client.get("/sessions", params={"q": 'say "no'}, headers=PAGE)
    assert answer.status_code == 200
    assert "The search cannot be understood: <bdi>a quotation mark &#34; is not closed" in answer.text
    assert 'value="say &#34;no"' in answer.text
    assert server.client.get("/sessions", params={"since": "nan"}, headers=PAGE).status_code == 400


def test_a_session_found_shows_where_with_a_link_to_the_step(server: Server) -> None:
    page = server.client.get("/sessions", params={"q": "refund*"}, headers=PAGE).text
    shown = re.findall(r'<tr class="found">.*?</tr>', page)
    assert len(shown) == page.count('<th scope="row">')
    assert all(1 <= row.count("<p>") <= 2 and "<mark>" in row for row in shown)
    [first, *_] = re.findall(r'<a href="([^"]+)">', shown[0])
    assert 'class="panel"' in server.client.get(html.unescape(first).partition("#")[0], headers=PAGE).text
    assert "<span>search</span> <bdi>refund*</bdi>" in page


def test_text_of_a_trace_never_becomes_markup(server: Server) -> None:
    step = {"traceId": "11111111-2222-3333-4444-555555555555-0", "text": HOSTILE}
    who = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "agentVersion": "1", "sessionId": "hostile"}
    event = {**who, "trace": {"orchestrationTrace": {"rationale": step}}}
    server.client.post("/api/v1/records", content=json.dumps(event))
    page = server.client.get("/sessions", params={"q": "needle -nothing"}, headers=PAGE).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <mark>needle</mark> ⟦U+202E⟧ evil" in page
    assert "\u202e" not in page
