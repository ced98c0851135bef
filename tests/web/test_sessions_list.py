"""The list of sessions: its order, its bars, saved views, and what it says where nothing matches."""

from collections.abc import Iterator

import pytest

from tests.serving import Server, serving
from tests.traffic import demo_lines
from tracehub.pipeline.adding_up import catch_up


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("list")
    with serving(f"sqlite:///{folder / 'tracehub.db'}") as running:
        running.client.headers["Accept"] = "text/html"
        running.client.post("/api/v1/records", content=demo_lines(30)).raise_for_status()
        catch_up(running.app.database)
        yield running


def test_the_head_of_a_column_orders_the_list_and_keeps_the_filters(server: Server) -> None:
    page = server.client.get("/sessions?errors=1&sort=cost").text
    assert '<a href="/sessions?errors=1&amp;sort=duration">Duration</a>' in page
    assert '<a href="/sessions?errors=1">Started</a>' in page
    assert page.count("aria-sort=") == 1
    assert server.client.get("/sessions?sort=colour").status_code == 400


def test_a_bar_leads_to_the_sessions_of_its_time(server: Server) -> None:
    page = server.client.get("/sessions?agent=ORDERHELP1").text
    bar = page.partition('<svg class="bars"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert bar.startswith("/sessions?agent=ORDERHELP1&since=")
    assert 'scope="row"' in server.client.get(bar).text


def test_a_view_is_saved_shown_and_removed(server: Server) -> None:
    form = {"name": "  Dear <b>errors</b> ", "query": "errors=1&sort=cost"}
    saved = server.client.post("/views", data=form)
    assert saved.status_code == 303
    page = server.client.get(saved.headers["location"]).text
    assert "This list is saved as “Dear &lt;b&gt;errors&lt;/b&gt;”." in page
    assert '<a class="chip" href="/sessions?errors=1&amp;sort=cost" aria-current="true">' in page
    server.client.post("/views/remove", data={"name": "Dear <b>errors</b>"})
    assert "Dear" not in server.client.get("/sessions").text


@pytest.mark.parametrize(
    "form", [{"name": "", "query": ""}, {"name": "x", "query": "colour=red"}, {"name": "x" * 81, "query": ""}]
)
def test_a_view_that_cannot_be_is_refused(server: Server, form: dict[str, str]) -> None:
    assert server.client.post("/views", data=form).status_code == 400


def test_where_nothing_matches_the_page_names_the_nearest_and_what_each_filter_hides(server: Server) -> None:
    page = server.client.get("/sessions?agent=ORDERHELP1&outcome=blocked&min_cost=900&since=2030-01-01").text
    assert "No session matches" in page
    assert "Without <bdi>" not in page
    page = server.client.get("/sessions?agent=ORDERHELP1&since=2030-01-01").text
    assert "The nearest one outside of this time began" in page
    assert "Without <bdi>started 2030-01-01</bdi></a>: " in page


@pytest.mark.parametrize("query", ["min_ms=-1", "min_ms=1e3", "min_cost=abc", "min_ms=1&min_ms=2"])
def test_amounts_that_are_none_are_refused_by_name(server: Server, query: str) -> None:
    answer = server.client.get(f"/sessions?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.text
