"""AWS's own SDKs, unmodified, get through the proxy what they get without it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests import javascript
from tests.proxying import REGION, Proxying, client_of, proxying
from tests.replaying import replaying
from tests.test_corpus import CORPUS

CAPTURE = "oi-js-multi-agent.bin"
CALL = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "sessionId": "a:b._-1", "inputText": "hi"}
OPTIONS = ("--match", "any", "--speed", "0", "--request-ids", "recorded")
SCRIPT = f"""
import boto3
client = boto3.client("bedrock-agent-runtime")
print(list(client.invoke_agent(**{CALL!r}, enableTrace=True)["completion"]))
"""


@pytest.fixture(scope="module")
def upstream(corpus_dir: object) -> Iterator[str]:
    with replaying(CORPUS / CAPTURE, options=OPTIONS) as address:
        yield address


@pytest.fixture(scope="module")
def run(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxying]:
    folder = tmp_path_factory.mktemp("proxy")
    with proxying(upstream, folder, alone=True) as running:
        yield running
    assert "Traceback" not in (folder / "errors.txt").read_text()


@pytest.mark.parametrize("traced", [True, False])
def test_boto3(run: Proxying, upstream: str, traced: bool) -> None:
    asked = {**CALL, **({"enableTrace": True} if traced else {})}
    through, direct = (_asked(address, run, asked) for address in (run.address, upstream))
    assert through == direct
    assert any("trace" in event for event in through) == traced


def test_boto3_by_nothing_but_the_environment(run: Proxying) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    variables = {
        "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME": run.address,
        "AWS_ACCESS_KEY_ID": run.key_id,
        "AWS_SECRET_ACCESS_KEY": run.secret,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={**kept, **variables}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(_asked(run.address, run, {**CALL, "enableTrace": True}))


@pytest.mark.parametrize("handler", ["default", "http1", "http2"])
@pytest.mark.parametrize("traced", [True, False])
def test_javascript(run: Proxying, upstream: str, handler: str, traced: bool) -> None:
    through = _invoked(run.address, run, traced, handler)
    direct = _invoked(upstream, run, traced, "http1")
    assert through.error is None
    assert through.events == direct.events
    assert len(through.events) > (10 if traced else 0)
    assert through.response is not None
    assert direct.response is not None
    assert {**through.response, "metadata": None} == {**direct.response, "metadata": None}


@pytest.mark.parametrize("handler", ["http1", "http2"])
@pytest.mark.parametrize(
    ("credentials", "name"),
    [
        ({"secretAccessKey": "wrong"}, "InvalidSignatureException"),
        ({"accessKeyId": "AKIAIOSFODNN7EXAMPLE"}, "UnrecognizedClientException"),
        ({"sessionToken": "FwoGZXIvYXdzEXAMPLE"}, "UnrecognizedClientException"),
    ],
)
def test_javascript_hears_why_it_is_refused(
    run: Proxying, handler: str, credentials: dict[str, Any], name: str
) -> None:
    given = {"accessKeyId": run.key_id, "secretAccessKey": run.secret, **credentials}
    answer = javascript.invoke(run.address, region=REGION, credentials=given, requestHandler=handler, **_ASKED)
    assert answer.error is not None
    assert (answer.error["name"], answer.events) == (name, [])


_ASKED: dict[str, Any] = {"sessionId": CALL["sessionId"], "inputText": "hi"}


def _asked(address: str, run: Proxying, asked: dict[str, object]) -> list[dict[str, object]]:
    client = client_of(address, run.key_id, run.secret)
    events = list(client.invoke_agent(**asked)["completion"])
    client.close()
    return events


def _invoked(address: str, run: Proxying, traced: bool, handler: str) -> javascript.Answer:
    given = {"accessKeyId": run.key_id, "secretAccessKey": run.secret}
    trace: dict[str, Any] = {"enableTrace": True} if traced else {}
    return javascript.invoke(address, region=REGION, credentials=given, requestHandler=handler, **_ASKED, **trace)
