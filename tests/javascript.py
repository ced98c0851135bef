"""AWS's JavaScript SDK, run by Node.js as agents' callers run it."""

import fcntl
import functools
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from tests.conftest import CHECKOUT

_FOLDER = CHECKOUT / "tests" / "js"
_INSTALLED = _FOLDER / "node_modules" / ".installed"


class Answer(msgspec.Struct):
    """What the SDK made of a call: every event, and at the end either a response or an error."""

    events: list[dict[str, object]]
    response: dict[str, object] | None = None
    error: dict[str, object] | None = None


def invoke(endpoint: str, certificate: Path | None = None, **call: object) -> Answer:
    """Calls InvokeAgent, or the `command` named, at `endpoint`; tests/js/invoke.mjs tells what a call may say."""
    install()
    given = {"endpoint": endpoint, "agentId": "AGENT12345", "agentAliasId": "ALIAS12345", **call}
    extra = {"NODE_EXTRA_CA_CERTS": str(certificate)} if certificate else {}
    lines = _run(["node", "invoke.mjs"], json.dumps(given), 60, extra).splitlines()
    answer = Answer([])
    for line in map(json.loads, lines):
        if "event" in line:
            answer.events.append(line["event"])
        else:
            answer.response, answer.error = line.get("response"), line.get("error")
    return answer


@functools.cache
def install() -> None:
    """Installs what tests/js/package-lock.json names, once for all workers. Where Node.js is missing the test fails."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.fail("Node.js is missing: `make test` installs it as root, else: apt-get install nodejs npm")
    with (_FOLDER / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (_FOLDER / "package-lock.json").read_text(encoding="utf-8")
        if not _INSTALLED.exists() or _INSTALLED.read_text(encoding="utf-8") != wanted:
            _run(["npm", "ci", "--ignore-scripts", "--no-progress"], "", 300, {})
            _INSTALLED.write_text(wanted, encoding="utf-8")


def _run(command: list[str], given: str, timeout: float, extra: Mapping[str, str]) -> str:
    # Credentials and endpoints of the machine have no part in a test.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        command, cwd=_FOLDER, env={**kept, **extra}, input=given, capture_output=True, text=True, timeout=timeout
    )
    if done.returncode != 0:
        pytest.fail(f"{command[0]} failed ({done.returncode}): {done.stderr[-2000:]}{done.stdout[-2000:]}")
    return done.stdout
