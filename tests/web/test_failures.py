"""What nobody foresaw is answered like everything else: with its headers, its id, and nothing of what happened."""

import pytest

from tests.serving import serving
from tests.traffic import demo_lines
from tracehub.web.safety.headers import HEADERS


def test_an_unforeseen_failure_keeps_the_safety_headers_and_says_nothing(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(sqlite_url) as server:

        def broken(_arrival: object) -> object:
            raise ValueError("a secret detail")

        monkeypatch.setattr(server.app.writer, "write", broken)
        answer = server.client.post("/api/v1/records", content=demo_lines(1))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
