"""Runs the proxy for tests: the real command line in processes of their own, before an upstream that the test names."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config
from pydantic import SecretStr

from tests import migrated_copies
from tests.conftest import CHECKOUT
from tracehub.app import open_app
from tracehub.model.proxy_key import KeyTerms
from tracehub.settings import Settings

UPSTREAM_KEY = "AKIAUPSTREAM00000000"
UPSTREAM_SECRET = "the-upstream-secret-that-nobody-may-see-"
REGION = "eu-central-1"
_PATIENCE = 60


@dataclass
class Proxying:
    """A running proxy. `address` is where callers find it, `web` where the pages are (None where it runs alone).

    `key_id` and `secret` are of a key that may do everything; `client` is a boto3 client that calls with it through the
    proxy, and tries nothing twice.
    """

    address: str
    web: str | None
    folder: Path
    environment: dict[str, str]
    process: "subprocess.Popen[str]"
    key_id: str
    secret: str
    client: Any

    def tracehub(self, *words: str) -> str:
        """What a command says that runs in the same folder and environment."""
        return tracehub_says(self.folder, self.environment, *words)

    def new_key(self, *options: str) -> tuple[str, str]:
        """Another key, with its secret, which the proxy knows when this returns."""
        key = json.loads(self.tracehub("keys", "create", "another", "--json", *options))
        _until_known(self.address, key["key_id"], key["secret_access_key"])
        return key["key_id"], key["secret_access_key"]

    def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        text = httpx.get(f"{self.address}/__tracehub/metrics").text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if re.match(rf"{name}[{{ ]", line))


def client_of(address: str, key_id: str, secret: str, **options: Any) -> Any:
    """A boto3 client of bedrock-agent-runtime at `address`."""
    return boto3.client(
        "bedrock-agent-runtime",
        region_name=REGION,
        endpoint_url=address,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(
            **{"retries": {"total_max_attempts": 1}, "read_timeout": _PATIENCE, "max_pool_connections": 64, **options}
        ),
    )


@contextmanager
def proxying(
    upstream: str,
    folder: Path,
    *,
    database_url: str | None = None,
    alone: bool = False,
    aws: Mapping[str, str] | None = None,
    **settings: str,
) -> Iterator[Proxying]:
    """`tracehub serve --proxy`, or `tracehub proxy` alone, in `folder`; `settings` are TRACEHUB_* in small letters.

    The database is SQLite in the folder unless `database_url` names another one, which has to be migrated.
    `aws` are more variables of its environment.
    """
    environment = {**environment_of(upstream, folder, database_url, settings), **(aws or {})}
    key_id, secret = first_key(folder, environment)
    words = ("proxy",) if alone else ("serve", "--proxy", "--port", str(free_port()))
    process = start(folder, environment, *words)
    try:
        said = said_by(process, 1 if alone else 2)
        web = None if alone else _address(said, "tracehub is at")
        address = _address(said, "the proxy is at")
        with closing(client_of(address, key_id, secret)) as client:
            yield Proxying(address, web, folder, environment, process, key_id, secret, client)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_PATIENCE)


def first_key(folder: Path, environment: Mapping[str, str]) -> tuple[str, str]:
    """A key that may do everything, with its secret, in the database of this environment, which nobody serves yet.

    `tracehub keys create` does the same in a process of its own, which takes as long as many a test.
    """
    url = environment["TRACEHUB_DATABASE_URL"]
    if url.startswith("sqlite"):
        migrated_copies.fill(url)
    secret_key = environment.get("TRACEHUB_SECRET_KEY")
    settings = Settings(
        database_url=url,
        secret_key=None if secret_key is None else SecretStr(secret_key),
        secret_key_file=folder / environment.get("TRACEHUB_SECRET_KEY_FILE", "tracehub.key"),
    )
    with open_app(settings) as app:
        issued = app.issue_key(KeyTerms(name="test"))
    return issued.key.key_id, issued.secret


def start(folder: Path, environment: Mapping[str, str], *words: str, standing: bool = False) -> "subprocess.Popen[str]":
    """A tracehub process; what it says of errors goes to `errors.txt` in the folder. `standing` gives it a standard
    input that stays open, as a parent does."""
    with (folder / "errors.txt").open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tracehub", *words],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE if standing else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )


def environment_of(
    upstream: str, folder: Path, database_url: str | None, settings: Mapping[str, str]
) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRACEHUB_", "AWS_"))}
    return {
        **kept,
        "PYTHONPATH": str(CHECKOUT),
        "TRACEHUB_DATABASE_URL": database_url or f"sqlite:///{folder / 'tracehub.db'}",
        "TRACEHUB_PROXY_UPSTREAM": upstream,
        "TRACEHUB_PROXY_PORT": "0",
        "AWS_ACCESS_KEY_ID": UPSTREAM_KEY,
        "AWS_SECRET_ACCESS_KEY": UPSTREAM_SECRET,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{f"TRACEHUB_{name.upper()}": value for name, value in settings.items()},
    }


def tracehub_says(folder: Path, environment: Mapping[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "tracehub", *words]
    done = subprocess.run(command, cwd=folder, env=dict(environment), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def said_by(process: "subprocess.Popen[str]", lines: int) -> str:
    assert process.stdout is not None
    return "".join(process.stdout.readline() for _ in range(lines))


def _address(said: str, before: str) -> str:
    found = re.search(rf"{before} (https?://\S+) ", said)
    assert found, said
    return found[1]


def _until_known(address: str, key_id: str, secret: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    with closing(client_of(address, key_id, secret)) as client:
        while True:
            try:
                client.list_sessions()
                return
            except client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "UnrecognizedClientException":
                    return
                assert time.monotonic() < deadline, "the proxy never learned of the key"
                time.sleep(0.1)
