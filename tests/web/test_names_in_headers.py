"""Hosts and origins that no browser sends are refused, not stumbled over."""

import http.client
from collections.abc import Iterator

import pytest

from tests.serving import Server, serving
from tracehub.web.safety.hosts import name_in

KEY = "a-key-of-sixteen-characters-or-more"


@pytest.fixture(scope="module", params=["open", "locked"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = f"sqlite:///{tmp_path_factory.mktemp('names') / 'x.db'}"
    with serving(url, api_keys=KEY if request.param == "locked" else "") as running:
        yield running


@pytest.mark.parametrize("host", ["[", "[::1", "::1", "a]b", "a b", "user@localhost", "localhost/x", "localhost:abc"])
def test_a_malformed_host_is_refused_with_or_without_keys(server: Server, host: str) -> None:
    assert server.client.get("/login", headers={"Host": host}).status_code == 400


def test_two_hosts_are_refused(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.app.settings.port, timeout=10)
    connection.putrequest("GET", "/login", skip_host=True)
    connection.putheader("Host", "localhost")
    connection.putheader("Host", "evil.example.com")
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "\N{SNOWMAN}", ""])
def test_a_malformed_origin_is_another_site(server: Server, origin: str) -> None:
    assert server.client.post("/logout", headers={b"Origin": origin.encode()}).status_code == 403


@pytest.mark.parametrize(
    ("host", "name"),
    [("LocalHost:8321", "localhost"), ("[::1]:8321", "::1"), ("[::1]", "::1"), ("10.0.0.1", "10.0.0.1"), ("", None)],
)
def test_a_host_names_its_server_without_port_and_brackets(host: str, name: str | None) -> None:
    assert name_in(host) == name
