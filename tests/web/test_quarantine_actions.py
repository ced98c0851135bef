"""Quarantined pieces are looked at, tried again and discarded, on their page and by the API."""

import gzip
import random
import re
from collections.abc import Iterator

import pytest

from tests.serving import Server, serving
from tests.traffic import demo_lines
from tracehub.model.record import quarantined
from tracehub.store import quarantine
from tracehub.web.api import answers
from tracehub.web.pages.byte_preview import SHOWN, preview

BROKEN = b'{"agentId": "A", "trace": {"orchestrationTrace": {"rationale": {"text": "<script>alert(1)</script> cut'
NOBODY = "0" * 64


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    with serving(database_url) as running:
        yield running


def test_a_piece_that_can_be_read_now_is_stored_and_leaves(server: Server) -> None:
    readable = _keep(server, demo_lines(1))
    broken = _keep(server, BROKEN)
    answer = server.client.post(f"/quarantine/{readable}/retry")
    assert (answer.status_code, answer.headers["location"]) == (303, "/quarantine?done=read")
    assert "It could be read now" in server.client.get("/quarantine?done=read").text
    assert server.client.get("/api/v1/sessions").json()["items"]
    answer = server.client.post(f"/quarantine/{broken}/retry", data={"cursor": ""})
    assert answer.headers["location"] == "/quarantine?done=unread"
    assert "It still cannot be read" in server.client.get("/quarantine?done=unread").text
    assert [(row["sha256"], row["tries"]) for row in _items(server)] == [(broken, 2)]


def test_a_discarded_piece_is_gone_and_nothing_else(server: Server) -> None:
    kept, gone = _keep(server, BROKEN), _keep(server, BROKEN[:-1])
    assert server.client.post(f"/quarantine/{gone}/discard").headers["location"] == "/quarantine?done=discarded"
    assert [row["sha256"] for row in _items(server)] == [kept]
    assert server.client.post(f"/quarantine/{gone}/discard").status_code == 404
    assert server.client.get(f"/api/v1/quarantine/{gone}").status_code == 404


def test_a_whole_page_is_tried_again_and_one_comes_back_to_it(server: Server) -> None:
    for data in (demo_lines(1), demo_lines(2), BROKEN):
        _keep(server, data)
    answer = server.client.post("/quarantine/retry")
    assert answer.headers["location"] == "/quarantine?done=tried&read=2&unread=1"
    assert "2 pieces could be read now, 1 still cannot be." in server.client.get(answer.headers["location"]).text


def test_the_page_of_the_list_is_kept(sqlite_url: str) -> None:
    with serving(sqlite_url, page_size=1) as server:
        for data in (BROKEN, BROKEN[:-1], BROKEN[:-2]):
            _keep(server, data)
        first = server.client.get("/quarantine").text
        cursor = first.partition("cursor=")[2].partition('"')[0]
        second = server.client.get("/quarantine", params={"cursor": cursor})
        assert f'name="cursor" value="{cursor}"' in second.text
        [sha256] = re.findall("/quarantine/([0-9a-f]{64})/retry", second.text)
        back = server.client.post(f"/quarantine/{sha256}/retry", data={"cursor": cursor}).headers["location"]
        assert back == f"/quarantine?done=unread&cursor={cursor}"
        assert sha256 in server.client.get(back).text
        assert server.client.post("/quarantine/retry", data={"cursor": "nonsense"}).status_code == 400


def test_the_bytes_are_shown_as_text_and_never_run(server: Server) -> None:
    _keep(server, BROKEN + "\u202e\x1b".encode())
    _keep(server, gzip.compress(BROKEN * 50, mtime=0))
    html = server.client.get("/quarantine").text
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "0000  1f 8b 08 00" in html
    assert "as hexadecimal" in html


def test_the_beginning_of_a_large_piece_is_found_without_the_rest(server: Server) -> None:
    noise = random.Random(7).randbytes(1_000_000)
    sha256 = _keep(server, noise)
    with server.app.database.reading() as connection:
        assert quarantine.beginnings(connection, [sha256, NOBODY], 900) == {sha256: noise[:900]}
        assert quarantine.beginnings(connection, [], 900) == {}


def test_a_piece_whose_rest_was_not_kept_stays_with_the_reason(sqlite_url: str) -> None:
    with serving(sqlite_url, quarantine_bytes=1024) as server:
        server.client.post("/api/v1/records", content=BROKEN + b"x" * 5000)
        [item] = _items(server)
        answer = server.client.post(f"/api/v1/quarantine/{item['sha256']}/retry").json()
        assert (answer["read"], "only its beginning was kept" in answer["reason"]) == (False, True)


def test_the_api_tries_again_and_discards(server: Server) -> None:
    readable, broken = _keep(server, demo_lines(1)), _keep(server, BROKEN)
    found = server.client.post(f"/api/v1/quarantine/{readable}/retry")
    assert answers.Retried.model_validate_json(found.content) == answers.Retried(
        sha256=readable, read=True, reason=None
    )
    found = server.client.post(f"/api/v1/quarantine/{broken}/retry")
    assert answers.Retried.model_validate_json(found.content).read is False
    assert found.json()["reason"] == _items(server)[0]["reason"]
    gone = server.client.delete(f"/api/v1/quarantine/{broken}")
    assert (gone.status_code, gone.content) == (204, b"")
    for again in (
        server.client.delete(f"/api/v1/quarantine/{broken}"),
        server.client.post(f"/api/v1/quarantine/{broken}/retry"),
        server.client.post(f"/quarantine/{NOBODY}/retry"),
    ):
        assert again.status_code == 404
    described = server.client.get("/api/v1/openapi.json").json()["paths"]
    assert "delete" in described["/api/v1/quarantine/{sha256}"]
    assert "post" in described["/api/v1/quarantine/{sha256}/retry"]
    assert server.client.post("/quarantine/nonsense/retry").status_code == 422


def test_other_sites_pages_can_neither_try_nor_discard(server: Server) -> None:
    sha256 = _keep(server, BROKEN)
    for path in (f"/quarantine/{sha256}/discard", f"/quarantine/{sha256}/retry", "/quarantine/retry"):
        assert server.client.post(path, headers={"Origin": "https://evil.example.com"}).status_code == 403
    assert [row["tries"] for row in _items(server)] == [1]


@pytest.mark.parametrize(
    ("data", "form", "begins"),
    [
        (b"", "text", ""),
        (b"plain\n\ttext", "text", "plain\n\ttext"),
        ("é".encode() * SHOWN, "text", "é" * (SHOWN // 2)),
        (b"x" + "é".encode() * SHOWN, "text", "xé"),
        ("é".encode()[:1], "hexadecimal", "0000  c3"),
        (b"a\x00b", "hexadecimal", f"0000  61 00 62{' ' * 17}a.b"),
        (b"12345678\xff", "hexadecimal", "0000  31 32 33 34 35 36 37 38  12345678\n0008  ff"),
    ],
)
def test_a_preview_is_text_where_it_is_text(data: bytes, form: str, begins: str) -> None:
    found = preview(data)
    assert (found.form, found.text[: len(begins)]) == (form, begins)


def _keep(server: Server, data: bytes) -> str:
    piece = quarantined("it was not understood", data, 10_000_000)
    with server.app.database.writing() as connection:
        quarantine.add(connection, [piece], source="test", received_at=server.app.settings.page_size)
    return piece.sha256


def _items(server: Server) -> list[dict[str, object]]:
    items: list[dict[str, object]] = server.client.get("/api/v1/quarantine").json()["items"]
    return items
