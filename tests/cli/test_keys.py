"""Keys on the command line: made, listed, rotated and revoked, also while a server owns the database."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.serving import serving

EXPORTS = re.compile(
    r"^export AWS_ACCESS_KEY_ID=(TH[A-Z2-7]{18})\n"
    r"export AWS_SECRET_ACCESS_KEY=([A-Za-z0-9+/]{40})\n"
    r"unset AWS_SESSION_TOKEN\n"
    r"(?:export AWS_REGION=eu-central-1\n)?"
    r"export AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME=http://127\.0\.0\.1:8322$",
    re.MULTILINE,
)
LIMITS = ["--agent", "A1", "--agent", "A2", "--alias", "X", "--operation", "InvokeAgent", "--rate", "5"]
PLACE = ["--region", "eu-central-1", "--role", "arn:aws:iam::123456789012:role/r", "--external-id", "xx"]


def test_a_key_is_made_rotated_and_revoked(tmp_path: Path) -> None:
    made = run(tmp_path, "keys", "create", "orders", *LIMITS, *PLACE, "--expires", "90d")
    key_id, secret = _exported(made)
    rotated = run(tmp_path, "keys", "rotate", key_id, "--overlap", "1h")
    assert "the secret before is good until" in rotated.stdout
    assert _exported(rotated)[0] == key_id
    assert _exported(rotated)[1] != secret
    (item,) = json.loads(run(tmp_path, "keys", "list", "--json").stdout)["items"]
    assert (item["agents"], item["aliases"], item["operations"]) == (["A1", "A2"], ["X"], ["InvokeAgent"])
    assert (item["state"], item["generation"], item["requests_per_second"]) == ("active", 2, 5)
    assert secret not in json.dumps(item)
    assert run(tmp_path, "keys", "revoke", key_id).stdout == f"{key_id} (orders) is revoked\n"
    table = run(tmp_path, "keys", "list", environment={"COLUMNS": "200"}).stdout
    assert re.search(rf"{key_id}.*orders.*revoked.*never.*InvokeAgent; A1, A2; X; 5/s; eu-central-1", table)
    assert (tmp_path / "tracehub.key").stat().st_mode & 0o777 == 0o600


def test_without_keys_the_list_says_how_to_make_one(tmp_path: Path) -> None:
    assert run(tmp_path, "keys", "list").stdout == "there are no keys: tracehub keys create NAME\n"
    assert not (tmp_path / "tracehub.key").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create", "k", "--expires", "soon"], "'soon' is not a length of time"),
        (["create", "k", "--region", "no region"], "region"),
        (["create", "k", "--external-id", "xx"], "no role_arn"),
        (["rotate", "THNONE"], "there is no key THNONE"),
        (["revoke", "THNONE"], "there is no key THNONE"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path, words: list[str], said: str) -> None:
    result = run(tmp_path, "keys", *words)
    assert result.returncode == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_lost_master_secret_is_noticed(tmp_path: Path) -> None:
    key_id, _ = _exported(run(tmp_path, "keys", "create", "orders"))
    (tmp_path / "tracehub.key").unlink()
    refused = run(tmp_path, "keys", "create", "another")
    assert refused.returncode == 2
    assert f"the secret that the keys {key_id} were made under is missing" in refused.stderr
    assert run(tmp_path, "keys", "revoke", key_id).returncode == 0
    assert run(tmp_path, "keys", "create", "another").returncode == 0


def test_while_a_server_owns_the_database_keys_go_through_it(tmp_path: Path) -> None:
    environment = {"TRACEHUB_API_KEYS": "0123456789abcdef"}
    with serving(
        f"sqlite:///{tmp_path / 'tracehub.db'}", api_keys=("0123456789abcdef",), secret_key_file=tmp_path / "served.key"
    ) as server:
        server.app.announce(server.address)
        key_id, _ = _exported(run(tmp_path, "keys", "create", "orders", *LIMITS, environment=environment))
        _, second = _exported(run(tmp_path, "keys", "rotate", key_id, environment=environment))
        assert second not in run(tmp_path, "keys", "list", "--json", environment=environment).stdout
        assert "is revoked" in run(tmp_path, "keys", "revoke", key_id, environment=environment).stdout
        refused = run(tmp_path, "keys", "rotate", key_id, environment=environment)
        assert refused.stderr == f"tracehub: the key {key_id} is revoked: create another\n"
        assert "no such key" in run(tmp_path, "keys", "create", "a\nb", environment=environment).stderr
        denied = run(tmp_path, "keys", "list", environment={"TRACEHUB_API_KEYS": "another key of 16"})
        assert (denied.returncode, denied.stderr[:10]) == (2, "tracehub: ")
    assert not (tmp_path / "tracehub.key").exists()
    (item,) = json.loads(run(tmp_path, "keys", "list", "--json").stdout)["items"]
    assert (item["key_id"], item["state"]) == (key_id, "revoked")


def _exported(result: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    assert result.returncode == 0, result.stderr
    found = EXPORTS.search(result.stdout)
    assert found, result.stdout
    return found[1], found[2]
