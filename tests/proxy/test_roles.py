"""AWS is called in the region of a key and as its role."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from tests.aws.moto_server import moto
from tests.proxy.asking import ask
from tests.proxy.echoing import Asked, Echo, echoing
from tests.proxying import REGION, UPSTREAM_KEY, Proxying, proxying

ROLE = "arn:aws:iam::123456789012:role/agents/caller"
ASSUMED = ("ASIAASSUMED000000000", "the-secret-of-the-role", "the-token-of-the-role")


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with echoing() as running:
        yield running


@pytest.fixture(scope="module")
def sts() -> Iterator[Echo]:
    with echoing() as running:
        yield running


@pytest.fixture(scope="module")
def run(echo: Echo, sts: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxying]:
    folder = tmp_path_factory.mktemp("proxy")
    with proxying(echo.address, folder, alone=True, aws={"AWS_ENDPOINT_URL_STS": sts.address}) as running:
        yield running
    said = (folder / "errors.txt").read_text()
    assert [secret for secret in ("Traceback", *ASSUMED[1:]) if secret in said] == []


def test_a_key_with_a_role_calls_as_that_role(run: Proxying, echo: Echo, sts: Echo) -> None:
    sts.answer = _assume
    key_id, secret = run.new_key("--role", ROLE, "--external-id", "a:b", "--agent", "AGENT12345")
    first, second = (ask(run, key_id=key_id, secret=secret) for _ in range(2))
    assert (first.status, second.status) == (200, 200)
    for asked in echo.take_all():
        assert asked.is_signed(ASSUMED[0], ASSUMED[1], REGION, ASSUMED[2])
    (assumed,) = sts.take_all()
    form = parse_qs(assumed.body.decode())
    assert (form["Action"], form["RoleArn"], form["ExternalId"]) == (["AssumeRole"], [ROLE], ["a:b"])
    assert f"Credential={UPSTREAM_KEY}/" in assumed.header("authorization")
    assert ask(run).status == 200
    assert echo.take().is_signed()


def test_a_key_with_a_region_calls_there(run: Proxying, echo: Echo) -> None:
    key_id, secret = run.new_key("--region", "us-west-2")
    echo.take_all()
    for signed_for in ("us-west-2", "eu-central-1"):
        assert ask(run, key_id=key_id, secret=secret, region=signed_for).status == 200
        assert echo.take().is_signed(region="us-west-2")


def test_a_role_that_cannot_be_assumed_reaches_nobody(run: Proxying, echo: Echo, sts: Echo) -> None:
    key_id, secret = run.new_key("--role", ROLE.replace("caller", "other"), "--agent", "AGENT12345")
    echo.take_all()
    refusal = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    sts.answer = _xml("403 Forbidden", refusal)
    answer = ask(run, key_id=key_id, secret=secret)
    assert (answer.status, answer.header("x-amzn-errortype")) == (503, "ServiceUnavailableException")
    assert b"role" not in answer.body
    assert echo.take_all() == []
    sts.answer = _assume
    assert ask(run, key_id=key_id, secret=secret).status == 200
    assert echo.take().is_signed(ASSUMED[0], ASSUMED[1], REGION, ASSUMED[2])


def test_a_role_of_moto(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("proxy")
    with moto() as address, proxying(echo.address, folder, alone=True, aws={"AWS_ENDPOINT_URL_STS": address}) as run:
        key_id, secret = run.new_key("--role", ROLE, "--agent", "AGENT12345")
        assert ask(run, key_id=key_id, secret=secret).status == 200
        asked = echo.take_all()[-1]
    assert "Credential=ASIA" in asked.header("authorization")
    assert len(asked.header("x-amz-security-token")) > 100


def _assume(_: Asked) -> bytes:
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    given = "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, (*ASSUMED, until), strict=True))
    user = "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/x/y</Arn></AssumedRoleUser>"
    result = f"<AssumeRoleResult><Credentials>{given}</Credentials>{user}</AssumeRoleResult>"
    return _xml("200 OK", f"<AssumeRoleResponse>{result}</AssumeRoleResponse>")


def _xml(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
