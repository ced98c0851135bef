"""What must never get through: strangers, other sites' pages, ambiguous addresses, too much of anything."""

import gzip
import http.client
import re
import threading
from collections.abc import Iterator, Sequence

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from tests.serving import Server, serving
from tests.traffic import demo_lines
from tracehub.app import web_of
from tracehub.errors import OverloadedError, PermanentError
from tracehub.settings import Settings
from tracehub.web.login import local_path
from tracehub.web.safety.binding import refuse_open_bind

KEY = "a-key-of-sixteen-characters-or-more"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('open') / 'x.db'}") as running:
        running.client.post("/api/v1/records", content=demo_lines(3))
        yield running


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('locked') / 'x.db'}", api_keys=KEY) as running:
        yield running


def test_every_answer_carries_the_safety_headers(server: Server) -> None:
    for path in ("/sessions", "/api/v1/sessions", "/nothing", "/healthz"):
        headers = server.client.get(path).headers
        assert (
            "script-src 'self'" in headers["content-security-policy"] or "sandbox" in headers["content-security-policy"]
        )
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-request-id"]


@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1.evil.example.com", "", "localhost.evil"])
def test_other_host_names_are_refused(server: Server, host: str) -> None:
    assert server.client.get("/sessions", headers={"Host": host}).status_code in (400, 421)


def test_allowed_hosts_are_answered(sqlite_url: str) -> None:
    with serving(sqlite_url, allowed_hosts="traces.example.com") as server:
        assert server.client.get("/sessions", headers={"Host": "traces.example.com:8321"}).status_code == 200
        assert server.client.get("/sessions", headers={"Host": "other.example.com"}).status_code == 421


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example.com"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_other_sites_pages_cannot_write(server: Server, headers: dict[str, str]) -> None:
    assert server.client.post("/api/v1/records", content=b"{}", headers=headers).status_code == 403


def test_our_own_pages_and_programs_can_write(server: Server) -> None:
    for headers in ({}, {"Origin": server.address}, {"Sec-Fetch-Site": "same-origin"}):
        assert server.client.post("/api/v1/records", content=b"hello", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path", ["/sessions%2F..%2Fx", "/api/v1/sessions/a%2fb", "/sessions/%00", "/a%5Cb", "/x/../sessions", "//evil"]
)
def test_ambiguous_addresses_are_refused(server: Server, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.app.settings.port, timeout=10)
    connection.request("GET", path)
    assert connection.getresponse().status == 400
    connection.close()


def test_too_long_addresses_and_headers_are_refused(server: Server) -> None:
    assert server.client.get("/sessions?agent=" + "x" * 9000).status_code == 414
    assert server.client.get("/sessions", headers={"X-Long": "x" * 40_000}).status_code in (400, 431)


def test_without_a_key_every_route_but_the_public_ones_is_closed(locked: Server) -> None:
    routes = _routes(web_of(locked.app).routes)
    assert len(routes) > 15
    for methods, pattern in routes:
        path = re.sub(r"{(\w+)(:\w+)?}", "x", pattern)
        for method in methods:
            status = locked.client.request(method, path).status_code
            if path in ("/healthz", "/readyz", "/login") or path.startswith("/static/"):
                assert status != 401 or method == "POST", path
            else:
                assert status == 401, (method, path)
    assert locked.client.get("/api/v1/openapi.json").status_code == 401


@pytest.mark.parametrize("given_key", ["wrong", KEY + "x", KEY[:-1], "ключ"])
def test_wrong_keys_are_refused(locked: Server, given_key: str) -> None:
    headers = {b"Authorization": f"Bearer {given_key}".encode()}
    assert locked.client.get("/api/v1/sessions", headers=headers).status_code == 401


def test_the_key_opens_the_api_and_the_login_opens_the_pages(locked: Server) -> None:
    assert locked.client.get("/api/v1/sessions", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    with httpx.Client(base_url=locked.address) as browser:
        asked = browser.get("/sessions?errors=1", headers={"Accept": "text/html"})
        assert asked.status_code == 303
        assert asked.headers["location"].startswith("/login?next=")
        assert browser.post("/login", data={"key": "wrong-wrong-wrong", "next": "/"}).status_code == 401
        entered = browser.post("/login", data={"key": KEY, "next": "/sessions?errors=1"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/sessions?errors=1")
        cookie = entered.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert browser.get("/sessions").status_code == 200
        browser.cookies.set("tracehub", "9999999999.forged", domain="127.0.0.1")
        browser.cookies.clear()
        assert browser.get("/sessions", headers={"Cookie": "tracehub=99999999999.forged"}).status_code == 401


def test_guessing_keys_is_slowed_down(sqlite_url: str) -> None:
    with serving(sqlite_url, api_keys=KEY) as server:
        answers = [server.client.post("/login", data={"key": "guess-guess-guess"}).status_code for _ in range(9)]
    assert 429 in answers


@pytest.mark.parametrize(
    "wanted", ["//evil.example.com", "https://evil", "/\\evil", "javascript:alert(1)", "/a\nb", None, ""]
)
def test_the_login_never_leads_to_another_site(wanted: str | None) -> None:
    assert local_path(wanted) == "/"
    assert local_path("/sessions?x=1") == "/sessions?x=1"


def test_off_loopback_nothing_starts_without_a_key() -> None:
    with pytest.raises(PermanentError, match="TRACEHUB_API_KEYS"):
        refuse_open_bind(Settings(host="0.0.0.0"))
    refuse_open_bind(Settings(host="0.0.0.0", api_keys=KEY))  # type: ignore[arg-type]
    for host in ("127.0.0.1", "localhost", "::1"):
        refuse_open_bind(Settings(host=host))


def test_too_much_is_refused_before_it_is_read(sqlite_url: str) -> None:
    with serving(sqlite_url, max_body_bytes=10_000, max_decompressed_bytes=50_000) as server:
        post = server.client.post
        assert post("/api/v1/records", content=b"x" * 20_000).status_code == 413
        assert post("/api/v1/records", content=iter([b"x" * 6_000] * 3)).status_code == 413
        bomb = gzip.compress(b"\0" * 5_000_000)
        assert len(bomb) < 10_000
        counts = post("/api/v1/records", content=bomb, headers={"Content-Encoding": "gzip"})
        assert counts.json()["quarantined"] == 1
        assert server.client.get("/healthz").status_code == 200


def test_what_is_no_trace_body_is_refused_by_kind(server: Server) -> None:
    post = server.client.post
    assert post("/api/v1/records", content=b"").status_code == 422
    assert post("/api/v1/records", content=b"{}", headers={"Content-Encoding": "br"}).status_code == 415
    assert post("/api/v1/records", files={"file": b"{}"}).status_code == 415
    assert server.client.get("/api/v1/records").status_code == 405


def test_a_full_queue_is_refused_with_a_time_to_try_again(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(sqlite_url) as server:

        def full(_arrival: object) -> object:
            raise OverloadedError("too much is waiting", retry_after=3)

        monkeypatch.setattr(server.app.writer, "write", full)
        answer = server.client.post("/api/v1/records", content=demo_lines(1))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")


def test_a_dead_writer_is_told_by_readyz(sqlite_url: str) -> None:
    with serving(sqlite_url) as server:
        assert server.client.get("/readyz").status_code == 200
        server.app.writer.close()
        assert server.client.get("/readyz").status_code == 503
        assert server.client.get("/healthz").status_code == 200


def test_many_senders_at_once_lose_nothing(database_url: str) -> None:
    lines = demo_lines(20).splitlines()
    with serving(database_url) as server:

        def send(part: list[bytes]) -> None:
            with httpx.Client(base_url=server.address, timeout=60) as client:
                for line in part:
                    assert client.post("/api/v1/records", content=line).status_code == 200

        senders = [threading.Thread(target=send, args=(lines[start::8],)) for start in range(8)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        again = server.client.post("/api/v1/records", content=b"\n".join(lines)).json()
    assert again["events"] == 0
    assert again["duplicates"] > 0


def _routes(routes: Sequence[object]) -> list[tuple[set[str], str]]:
    """Methods and path of every route, those of included routers with their prefix."""
    found: list[tuple[set[str], str]] = []
    for route in routes:
        if hasattr(route, "effective_route_contexts"):
            found += [(set(each.methods or ()), each.path) for each in route.effective_route_contexts()]
        elif isinstance(route, Route):
            found.append((set(route.methods or ()), route.path))
    return found


VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["nan", "-1", "1e400", str(2**64), "\x00", "%00", "24h", "9999999w", "2026-13-01", "0001-01-01T00:00:00Z"]
    ),
)
NAMES = st.sampled_from(["agent", "outcome", "tool", "errors", "since", "until", "cursor", "limit", "step", "zzz"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["/sessions", "/tools", "/api/v1/sessions", "/api/v1/traces", "/api/v1/tools", "/quarantine"]),
    st.lists(st.tuples(NAMES, VALUES), max_size=4),
)
def test_no_query_makes_the_server_fail(server: Server, path: str, query: list[tuple[str, str]]) -> None:
    answer = server.client.get(
        path, params=[(name, value.encode("utf-8", "replace").decode()) for name, value in query]
    )
    assert answer.status_code < 500, (answer.status_code, answer.text[:500])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_body_makes_the_server_fail_and_none_is_lost(server: Server, body: bytes) -> None:
    answer = server.client.post("/api/v1/records", content=body)
    assert answer.status_code in (200, 422)
    if "records" in answer.json():
        counts = answer.json()
        assert counts["records"] >= counts["ignored"] + counts["quarantined"]
