"""Sources are declared, changed, paused, collected again and removed on their page, and each says how it stands."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import get_args
from urllib.parse import quote

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving import Server, serving
from tests.traffic import demo_lines
from tracehub.app import clock
from tracehub.errors import PermanentError
from tracehub.model.listing import Counts
from tracehub.model.source import CloudWatchSource, S3Source, Source, read_source, words_of
from tracehub.model.source_rows import PUSHED, ShardRow, SourceRow
from tracehub.store import agent_calls, shards, sources
from tracehub.web.api import answers
from tracehub.web.pages import addresses
from tracehub.web.pages.source_form import HELP, Kind, declared, empty_form, form_of
from tracehub.web.pages.source_states import STATES
from tracehub.web.pages.toml import toml_of
from tracehub.web.source_standing import standing

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x00\x1b[31m{{ 7*7 }}"
GROUPS = CloudWatchSource(name="orders", log_groups=("/aws/lambda/a", "/aws/lambda/b"), region="eu-central-1")
BUCKET = S3Source(name="archive", bucket="traces", queue_url="https://sqs.eu-central-1.amazonaws.com/1/q", readers=2)
# Two slashes and dot segments are refused in addresses; names may hold them.
NAMES = ["plain", "with blanks", "team/eu: prod@1", "a//b", "a/../b", "a/./b", "x/edit", "new", "ünï-ß", "x/pause"]
NOW = 1_790_000_000_000_000
SECOND = 1_000_000
TYPED = {
    "kind": "cloudwatch",
    "name": "orders",
    "log_groups": "/aws/lambda/a\r\n\r\n /aws/lambda/b ",
    "poll_seconds": "5",
}


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    with serving(database_url) as running:
        yield running


def test_a_source_is_declared_by_the_form_and_shown(server: Server) -> None:
    answer = server.client.post("/sources/new", data=TYPED)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources?done=added&name=orders")
    row = _row(server, "orders")
    assert row.declared_in == "ui"
    assert json.loads(row.declaration) == {
        "kind": "cloudwatch",
        "name": "orders",
        "log_groups": ["/aws/lambda/a", "/aws/lambda/b"],
        "poll_seconds": 5,
    }
    html = server.client.get(answer.headers["location"]).text
    assert "“orders” was added." in html
    assert "Not read by anybody" in html
    assert "from the environment" in html


def test_a_declaration_that_is_wrong_keeps_all_that_was_typed_and_says_what(server: Server) -> None:
    typed = {**TYPED, "poll_seconds": "often", "filter_pattern": ' "two words" <b>', "role_arn": "arn:x"}
    answer = server.client.post("/sources/new", data=typed)
    assert answer.status_code == 422
    assert "got `str` - at `$.poll_seconds`" in answer.text
    for kept in ('value="often"', "/aws/lambda/a\n\n /aws/lambda/b </textarea>", 'value="arn:x"', "&lt;b&gt;"):
        assert kept in answer.text.replace("\r\n", "\n"), kept
    assert answer.text.count("aria-invalid") == 1
    assert not _rows(server)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"log_groups": " \n "}, "log_groups"),
        ({"name": "<b>"}, "$.name"),
        ({"poll_seconds": "nan"}, "$.poll_seconds"),
        ({"poll_seconds": "1e999"}, "$.poll_seconds"),
        ({"since": "yesterday"}, "neither a time"),
        ({"external_id": "x"}, "role_arn"),
    ],
)
def test_every_kind_of_mistake_is_told(sqlite_url: str, wrong: dict[str, str], said: str) -> None:
    with serving(sqlite_url) as server:
        answer = server.client.post("/sources/new", data={**TYPED, **wrong})
        assert (answer.status_code, said in answer.text) == (422, True)
        assert server.client.post("/sources/new", data={**TYPED, "kind": "tape"}).status_code == 400


def test_a_name_that_exists_is_refused_and_another_sources_declaration_stays(server: Server) -> None:
    _declare(server, GROUPS, "file")
    answer = server.client.post("/sources/new", data=TYPED)
    assert answer.status_code == 409
    assert "there is a source named &#39;orders&#39; already" in answer.text
    assert _row(server, "orders").declared_in == "file"


def test_a_declaration_can_be_looked_at_as_toml_before_it_is_added(server: Server) -> None:
    answer = server.client.post("/sources/new", data={**TYPED, "do": "show"})
    assert answer.status_code == 200
    assert "&#34;/aws/lambda/a&#34;,\n" in answer.text
    assert not _rows(server)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_paused_resumed_edited_and_removed(sqlite_url: str, name: str) -> None:
    with serving(sqlite_url) as server:
        _declare(server, msgspec.structs.replace(BUCKET, name=name))
        html = server.client.get("/sources").text
        for action in ("pause", "resume"):
            address = f"{addresses.source(name)}/{action}"
            assert f'action="{address}"' in html
            assert server.client.post(address).status_code == 303
            assert _row(server, name).paused is (action == "pause")
            html = server.client.get("/sources").text
        edit = f"{addresses.source(name)}/edit"
        assert server.client.get(edit).status_code == 200
        assert server.client.post(edit, data={"bucket": "other", "name": "ignored"}).status_code == 303
        assert json.loads(_row(server, name).declaration) == {"bucket": "other", "kind": "s3", "name": name}
        assert server.client.post(f"/api/v1{addresses.source(name)}/pause").json()["name"] == name
        assert server.client.post(f"{addresses.source(name)}/remove").status_code == 303
        assert not _rows(server)


def test_an_edit_that_is_wrong_changes_nothing(server: Server) -> None:
    _declare(server, BUCKET)
    answer = server.client.post("/sources/archive/edit", data={"bucket": "", "list_seconds": "-1"})
    assert (answer.status_code, 'value="-1"' in answer.text) == (422, True)
    shown = server.client.post("/sources/archive/edit", data={"bucket": "other", "do": "show"})
    assert (shown.status_code, "other" in shown.text) == (200, True)
    assert json.loads(_row(server, "archive").declaration) == words_of(BUCKET)


def test_what_the_file_declares_or_what_is_pushed_cannot_be_changed_here(server: Server) -> None:
    _declare(server, GROUPS, "file")
    server.client.post("/api/v1/records", content=demo_lines(1))
    for name in ("orders", "HTTP push"):
        for action in ("edit", "remove"):
            assert server.client.post(f"/sources/{quote(name)}/{action}", data=TYPED).status_code == 409
        assert server.client.get(f"/sources/{quote(name)}/edit").status_code == 409
    for action in ("pause", "resume", "collect-again"):
        assert server.client.post(f"/sources/HTTP%20push/{action}", data={"since": "1d"}).status_code == 409
        assert server.client.post(f"/api/v1/sources/HTTP%20push/{action}", json={"since": "1d"}).status_code in (
            409,
            409,
        )
    assert "declared in the configuration file" in server.client.get("/sources").text
    assert server.client.post("/sources/nobody/pause").status_code == 404
    assert server.client.post("/sources/nobody/collect-again", data={"since": "1d"}).status_code == 404


def test_collecting_again_begins_there_and_what_is_no_time_is_told_in_place(server: Server) -> None:
    _declare(server, GROUPS)
    before = clock()
    assert server.client.post("/sources/orders/collect-again", data={"since": "7d"}).status_code == 303
    row = _row(server, "orders")
    assert row.collect_from is not None
    assert 0 <= row.collect_from - (before - 7 * 86_400 * SECOND) <= clock() - before
    for since in ("soon", "", "1969-01-01", "99999w", "2999-01-01", HOSTILE):
        answer = server.client.post("/sources/orders/collect-again", data={"since": since})
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), since
        assert "<script>alert" not in answer.text
        assert '<details class="fold" open>' in answer.text
    assert _row(server, "orders").collect_from == row.collect_from


def test_other_sites_pages_can_do_nothing_to_a_source(server: Server) -> None:
    _declare(server, GROUPS)
    for action in ("pause", "remove", "collect-again", "edit"):
        refused = server.client.post(f"/sources/orders/{action}", headers={"Sec-Fetch-Site": "cross-site"})
        assert refused.status_code == 403
    assert not _row(server, "orders").paused


def test_hostile_errors_and_declarations_are_shown_as_text(server: Server) -> None:
    _declare(server, msgspec.structs.replace(GROUPS, filter_pattern="<script>alert(2)</script>\u202e"))
    with server.app.database.writing() as connection:
        for group, error in (("/aws/lambda/a", HOSTILE), ("/aws/lambda/b", HOSTILE * 60)):
            told = {"state": "failing", "read_until": None, "waiting": None, "error": error}
            shards.tell(connection, "orders", group, now=clock(), **told)  # type: ignore[arg-type]
    for path in ("/sources", "/_/sources", "/sources/orders/edit"):
        html = server.client.get(path).text
        assert "<script>alert" not in html
        assert "<img" not in html
        # A form holds what is declared as it is.
        assert "edit" in path or ("\u202e" not in html and "{{ 7*7 }}" in html)
    [item] = server.client.get("/api/v1/sources").json()["items"]
    assert item["parts"][0]["error"].startswith("<script>")


def test_a_declaration_that_cannot_be_read_any_more_is_shown_as_failing(server: Server) -> None:
    _declare(server, GROUPS)
    for damaged in ("{", '{"kind": "tape"}', '{"kind": "s3", "name": "orders", "bucket": 5}'):
        with server.app.database.writing() as connection:
            connection.exec_driver_sql("UPDATE sources SET declaration = '" + damaged + "'")
        assert "Failing" in server.client.get("/sources").text
        assert server.client.get("/sources/orders/edit").status_code == 400
        assert server.client.get("/api/v1/sources").json()["items"][0]["state"] == "failing"


def test_the_api_answers_what_openapi_describes(server: Server) -> None:
    _declare(server, GROUPS)
    _declare(server, BUCKET, "file")
    server.client.post("/api/v1/records", content=demo_lines(2))
    found = server.client.get("/api/v1/sources")
    checked = answers.Sources.model_validate_json(found.content)
    assert [item.name for item in checked.items] == sorted(["HTTP push", "archive", "orders"])
    pushed = next(item for item in checked.items if item.name == "HTTP push")
    assert (pushed.state, pushed.counts.events > 0, pushed.declaration) == ("receiving", True, {})
    assert pushed.read_until is None
    since = {"since": "2026-01-01T00:00:00Z"}
    for action, body in (("pause", None), ("resume", None), ("collect-again", since)):
        answer = server.client.post(f"/api/v1/sources/orders/{action}", json=body)
        assert answers.Source.model_validate_json(answer.content).paused is (action == "pause")
    for wrong in ({"since": "soon"}, {}, {"since": "7d", "more": 1}):
        refused = server.client.post("/api/v1/sources/orders/collect-again", json=wrong)
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert server.client.post("/api/v1/sources/nobody/pause").status_code == 404
    described = server.client.get("/api/v1/openapi.json").json()["paths"]
    for path in ("", "/{name}/pause", "/{name}/resume", "/{name}/collect-again"):
        assert f"/api/v1/sources{path}" in described
    assert not any(path.startswith("/sources") for path in described)


@pytest.mark.parametrize(("calls", "said"), [(16, "50 % of calls are traced"), (8, "All calls of agents are traced")])
def test_the_share_of_traced_calls_is_told_where_it_is_known(server: Server, calls: int, said: str) -> None:
    _declare(server, GROUPS)
    server.client.post("/api/v1/records", content=demo_lines(2))
    assert "calls" not in server.client.get("/_/sources").text
    assert server.client.get("/api/v1/sources").json()["traced_calls"] is None
    now = clock()
    with server.app.database.writing() as connection:
        agent_calls.put(connection, "123456789012", "eu-central-1", since=0, until=now, calls=calls)
    assert said in server.client.get("/_/sources").text
    told = answers.Sources.model_validate_json(server.client.get("/api/v1/sources").content).traced_calls
    assert told is not None
    assert (told.calls, told.traced) == (calls, 8)


def test_an_empty_page_says_what_a_source_is_and_where_to_begin(server: Server) -> None:
    html = server.client.get("/sources").text
    for said in ("[[sources]]", "/ingest/firehose", "/sources/new?kind=s3", server.address):
        assert said in html


def test_the_fragment_is_the_list_alone(server: Server) -> None:
    _declare(server, GROUPS)
    answer = server.client.get("/_/sources")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.strip().startswith('<div id="sources"')
    assert "<html" not in answer.text


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_forms_fields_are_exactly_the_words_of_the_file(kind: Kind) -> None:
    form = empty_form(kind)
    words = {"cloudwatch": CloudWatchSource, "s3": S3Source}[kind].__struct_fields__
    assert sorted(field.name for field in (*form.fields, *form.access)) == sorted(words)
    assert all(field.help for field in (*form.fields, *form.access))
    assert set(words) <= set(HELP)


@pytest.mark.parametrize("source", [GROUPS, BUCKET, msgspec.structs.replace(GROUPS, poll_seconds=0.5, since="2d")])
def test_a_form_that_is_sent_back_declares_the_same(source: Source) -> None:
    form = form_of(source, "")
    typed = {field.name: field.value for field in (*form.fields, *form.access)}
    kind: Kind = "cloudwatch" if form.kind == "cloudwatch" else "s3"
    assert declared(kind, typed, NOW) == source


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"\A[a-z_]{1,9}\Z"),
        st.one_of(
            st.text(st.characters(exclude_categories=["Cs"])),
            st.integers(-(2**62), 2**62),
            st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15),
            st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3),
        ),
    )
)
def test_what_is_written_as_toml_is_read_as_the_same(words: dict[str, object]) -> None:
    written = toml_of(words)
    assert tomllib.loads(written) == {"sources": [words]}
    assert not re.search(r"[^\n -~\u00a1-\U0010ffff]", written)


@settings(max_examples=200, deadline=None)
@given(st.from_regex(r"\A[\w]([\w .:/@-]{0,30}[\w])?\Z"))
def test_every_name_has_an_address_that_every_server_reads_alike(name: str) -> None:
    address = addresses.source(name)
    assert "//" not in address
    assert not {".", ".."} & set(address.split("/"))
    assert str(httpx.URL(f"http://x{address}").raw_path.decode()) == address
    path = httpx.URL(f"http://x{address}").path.removeprefix("/sources/")
    assert addresses.source_named(path) == name


@pytest.mark.parametrize(
    ("parts", "state", "read_until"),
    [
        ((), "unread", None),
        ((("/aws/lambda/a", "following", 5, True), ("/aws/lambda/b", "following", 3, True)), "following", 3),
        ((("/aws/lambda/a", "following", 5, True), ("/aws/lambda/b", "reading", None, True)), "reading", None),
        ((("/aws/lambda/a", "following", 5, True),), "unread", None),
        ((("/aws/lambda/a", "following", 5, True), ("/aws/lambda/b", "failing", 3, True)), "failing", 3),
        ((("/aws/lambda/a", "failing", 5, False), ("/aws/lambda/b", "waiting", 3, True)), "waiting", 3),
        (
            (("/given/up", "failing", 1, True), *((f"/aws/lambda/{x}", "following", 9, True) for x in "ab")),
            "following",
            9,
        ),
    ],
)
def test_a_source_stands_as_the_worst_of_its_declared_parts(
    parts: tuple[tuple[str, str, int | None, bool], ...], state: str, read_until: int | None
) -> None:
    found = standing(_source_row(GROUPS, parts), NOW)
    assert (found.state, found.read_until) == (state, read_until)
    paused = standing(msgspec.structs.replace(_source_row(GROUPS, parts), paused=True), NOW)
    assert paused.state == "paused"


def test_how_far_a_bucket_was_read_is_what_its_listing_says() -> None:
    parts = (
        ("listing", "following", 7, True),
        ("queue 1", "following", None, True),
        ("queue 2", "reading", None, True),
    )
    found = standing(_source_row(BUCKET, parts), NOW)
    assert (found.state, found.read_until) == ("reading", 7)


def test_what_is_pushed_is_receiving_until_nothing_new_came_for_long() -> None:
    row = msgspec.structs.replace(_source_row(GROUPS, ()), declared_in=PUSHED, declaration="{}", stored_at=NOW)
    assert standing(row, NOW + 60 * SECOND).state == "receiving"
    assert standing(row, NOW + 3600 * SECOND).state == "idle"
    assert standing(msgspec.structs.replace(row, stored_at=None), NOW).state == "idle"


def test_what_is_not_known_is_never_zero() -> None:
    found = standing(_source_row(GROUPS, ()), NOW)
    assert (found.read_until, found.waiting, found.error) == (None, None, None)
    long_ago = msgspec.structs.replace(
        _source_row(GROUPS, ()), counts=Counts(records=9), per_minute=9, stored_at=NOW - 3600 * SECOND
    )
    assert standing(long_ago, NOW).per_minute is None


def test_no_two_states_look_alike_without_colour() -> None:
    words = list(STATES.values())
    assert len({word.text for word in words}) == len(words)


def _source_row(source: Source, parts: tuple[tuple[str, str, int | None, bool], ...]) -> SourceRow:
    told = tuple(
        ShardRow(
            shard=shard,
            state=state,
            read_until=until,
            waiting=None,
            error=None,
            error_at=None,
            told_at=NOW,
            holder="somebody" if held else None,
        )
        for shard, state, until, held in parts
    )
    return SourceRow(
        name=source.name,
        kind=str(words_of(source)["kind"]),
        declaration=json.dumps(words_of(source)),
        declared_in="ui",
        paused=False,
        generation=1,
        collect_from=None,
        created_at=NOW,
        counts=Counts(),
        newest_at=None,
        stored_at=None,
        per_minute=0,
        shards=told,
    )


def _declare(server: Server, source: Source, declared_in: str = "ui") -> None:
    with server.app.database.writing() as connection:
        sources.declare(connection, source, declared_in=declared_in, now=clock())


def _rows(server: Server) -> tuple[SourceRow, ...]:
    with server.app.database.reading() as connection:
        return sources.every(connection)


def _row(server: Server, name: str) -> SourceRow:
    with server.app.database.reading() as connection:
        return sources.one(connection, name)


def test_names_of_the_tests_are_names() -> None:
    for name in NAMES:
        read_source({"kind": "s3", "name": name, "bucket": "b"})
    with pytest.raises(PermanentError):
        read_source({"kind": "s3", "name": "a%2Fb", "bucket": "b"})
