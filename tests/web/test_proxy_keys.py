"""Keys are made, listed, rotated and revoked over the API, and a secret is shown only where it is new."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving import Server, serving
from tracehub.proxy.derivation import secret_of
from tracehub.store import proxy_keys
from tracehub.web.api import answers

MASTER = "m" * 40
KEYS = "/api/v1/proxy-keys"
WANTED = {
    "name": "orders",
    "agents": ["AGENT12345"],
    "operations": ["InvokeAgent"],
    "requests_per_second": 5,
    "region": "eu-central-1",
    "role_arn": "arn:aws:iam::123456789012:role/agents",
    "external_id": "outside",
    "expires_in": "90d",
}


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    with serving(database_url, secret_key=MASTER) as running:
        yield running


def test_a_key_is_made_and_its_secret_shown_once(server: Server) -> None:
    response = server.client.post(KEYS, json=WANTED)
    made = answers.IssuedProxyKey.model_validate(response.json())
    assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
    assert made.secret_access_key == secret_of(MASTER.encode(), made.key_id, 1)
    assert made.expires_at is not None
    assert (made.expires_at - made.created_at).days in (89, 90)
    listed = server.client.get(KEYS)
    assert made.secret_access_key not in listed.text
    (item,) = listed.json()["items"]
    assert item == {name: value for name, value in response.json().items() if name != "secret_access_key"}
    assert answers.ProxyKeys.model_validate(listed.json()).items[0].state == "active"


def test_a_rotation_shows_the_new_secret_and_revoking_ends_the_key(server: Server) -> None:
    made = server.client.post(KEYS, json={"name": "orders"}).json()
    response = server.client.post(f"{KEYS}/{made['key_id']}/rotate", json={"overlap": "1h"})
    rotated = answers.IssuedProxyKey.model_validate(response.json())
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert (rotated.key_id, rotated.generation) == (made["key_id"], 2)
    assert rotated.secret_access_key != made["secret_access_key"]
    assert rotated.overlap_until is not None
    revoked = server.client.post(f"{KEYS}/{made['key_id']}/revoke")
    assert answers.ProxyKey.model_validate(revoked.json()).state == "revoked"
    again = server.client.post(f"{KEYS}/{made['key_id']}/rotate", json={})
    assert (again.status_code, again.json()["detail"]) == (
        400,
        f"the key {made['key_id']} is revoked: create another",
    )


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("", {}, 422, "name"),
        ("", {"name": "k", "expires_in": "soon"}, 422, "expires_in: 'soon' is not a length of time"),
        ("", {"name": "k", "role_arn": "admin"}, 422, "role_arn"),
        ("", {"name": "k", "secret": "mine"}, 422, "secret"),
        ("/THNONENONENONENONENO/rotate", {}, 404, "there is no key THNONE"),
        ("/THNONENONENONENONENO/rotate", {"overlap": "x"}, 422, "overlap: 'x'"),
        ("/THNONENONENONENONENO/revoke", {}, 404, "there is no key THNONE"),
        ("/short/revoke", {}, 422, "key_id"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    server: Server, path: str, body: dict[str, object], status: int, said: str
) -> None:
    response = server.client.post(KEYS + path, json=body)
    assert response.status_code == status
    assert said in response.json()["detail"]
    assert server.client.get(KEYS).json() == {"items": []}


def test_neither_database_nor_master_alone_gives_a_secret(server: Server) -> None:
    made = server.client.post(KEYS, json={"name": "orders"}).json()
    with server.app.database.reading() as connection:
        kept = repr(proxy_keys.every(connection))
    assert made["secret_access_key"] not in kept
    assert MASTER not in kept


def test_a_database_of_another_master_secret_takes_no_keys_until_the_old_are_revoked(database_url: str) -> None:
    with serving(database_url, secret_key=MASTER) as first:
        made = first.client.post(KEYS, json={"name": "orders"}).json()
    with serving(database_url, secret_key="another master secret, as long as it must be") as second:
        for path in ("", f"/{made['key_id']}/rotate"):
            refused = second.client.post(KEYS + path, json={"name": "new"} if not path else {})
            assert refused.status_code == 400
            assert f"is not the secret that the keys {made['key_id']} were made under" in refused.json()["detail"]
        (item,) = second.client.get(KEYS).json()["items"]
        assert item["generation"] == 1
        assert second.client.post(f"{KEYS}/{made['key_id']}/revoke").status_code == 200
        assert second.client.post(KEYS, json={"name": "new"}).status_code == 201


def test_where_the_web_needs_a_key_so_do_these(sqlite_url: str, tmp_path: Path) -> None:
    with serving(sqlite_url, secret_key_file=tmp_path / "k", api_keys=("0123456789abcdef",)) as running:
        assert running.client.get(KEYS).status_code == 401
        assert running.client.post(KEYS, json=WANTED).status_code == 401
        headers = {"Authorization": "Bearer 0123456789abcdef"}
        assert httpx.post(f"{running.address}{KEYS}", json=WANTED, headers=headers).status_code == 201
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
