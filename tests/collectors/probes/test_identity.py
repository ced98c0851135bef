"""As whom a source is read."""

from pathlib import Path

import pytest

from tests.aws.logs_server import LogsServer, client_of
from tests.collectors.probes.lines import lines
from tests.collectors.probes.scripted_aws import Refusal, ScriptedAws
from tracehub.app import clock
from tracehub.collectors.probes.identity import identify
from tracehub.model.source import CloudWatchSource, S3Source

ROLE = "arn:aws:iam::210987654321:role/reader"
ASSUMED = "arn:aws:sts::210987654321:assumed-role/reader/tracehub"
CALLER = "arn:aws:iam::123456789012:user/collector"
DENIED = (
    f"problem: the role {ROLE}: sts:AssumeRole is denied -> allow {CALLER} to sts:AssumeRole on it, and name that one "
    "in the role's trust policy; "
)


def test_the_identity_is_named_and_where_its_keys_were_found() -> None:
    with LogsServer() as server:
        found = identify(logs(server.address), clock)

    assert lines(found.findings) == [f"ok: credentials of {CALLER}, from environment variables"]
    assert found.reached is not None
    assert (found.reached.account, found.reached.region) == ("123456789012", "eu-central-1")


def test_an_assumed_role_is_named_with_who_assumes_it() -> None:
    with LogsServer() as server:
        server.external_id = "a-long-word"
        found = identify(logs(server.address, role_arn=ROLE, external_id="a-long-word"), clock)

    assert lines(found.findings) == [f"ok: credentials of {ASSUMED}, assumed by {CALLER}, from environment variables"]


def test_a_role_that_wants_an_external_id_gets_the_hint() -> None:
    with LogsServer() as server:
        server.external_id = "a-long-word"
        without = identify(logs(server.address, role_arn=ROLE), clock)
        wrong = identify(logs(server.address, role_arn=ROLE, external_id="another"), clock)

    assert lines(without.findings) == [
        f"{DENIED}if its trust policy asks for an external id, write external_id in the source"
    ]
    assert lines(wrong.findings) == [f"{DENIED}check that external_id is the one that its trust policy asks for"]
    assert (without.findings[0].action, without.findings[0].resource) == ("sts:AssumeRole", ROLE)
    assert without.reached is None


def test_expired_credentials_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with LogsServer() as server:
        with client_of(server.address, "sts") as sts:
            given = sts.assume_role(RoleArn=ROLE, RoleSessionName="person")["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", given["SessionToken"])
        server.expire_credentials()
        found = identify(logs(server.address), clock)

    assert lines(found.findings) == [
        "problem: credentials: AWS does not accept the credentials: The security token included in the request is "
        "expired (ExpiredTokenException) -> renew them: `aws sso login`, or a new session token"
    ]
    assert found.reached is None


def test_missing_credentials_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    assert lines(identify(logs("http://127.0.0.1:9"), clock).findings) == [
        "problem: no AWS credentials were found -> set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in "
        "the source, or run tracehub where a role is attached (EC2, ECS, EKS, Lambda)"
    ]


def test_half_of_the_credentials_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    assert lines(identify(logs("http://127.0.0.1:9"), clock).findings) == [
        "problem: the AWS credentials cannot be read: Partial credentials found in env, missing: "
        "AWS_SECRET_ACCESS_KEY -> check ~/.aws/config, ~/.aws/credentials and the AWS_ variables, or `aws sso login`"
    ]


def test_an_unknown_profile_is_told() -> None:
    assert lines(identify(logs("http://127.0.0.1:9", profile="team"), clock).findings) == [
        "problem: the AWS credentials cannot be read: The config profile (team) could not be found -> check the "
        "profile 'team' in ~/.aws/config and ~/.aws/credentials, or `aws sso login`"
    ]


def test_a_missing_region_is_told_where_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, aws: ScriptedAws
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    bucket = S3Source(name="s", bucket="traces", endpoint_url=aws.address)

    assert lines(identify(logs(aws.address), clock).findings) == [
        'problem: no region is named -> write region = "eu-central-1" or the like in the source, or set '
        "AWS_DEFAULT_REGION"
    ]
    assert lines(identify(bucket, clock).findings) == [
        "ok: credentials of arn:aws:iam::123456789012:user/reader, from environment variables"
    ]


def test_an_endpoint_that_does_not_answer_is_told() -> None:
    found = identify(logs("http://127.0.0.1:9"), clock)

    assert lines(found.findings) == [
        'problem: credentials: AWS does not answer: Could not connect to the endpoint URL: "http://127.0.0.1:9/" -> '
        "check the network, HTTPS_PROXY, the region and endpoint_url"
    ]
    assert found.reached is None


def test_an_address_that_is_none_is_told() -> None:
    found = identify(logs("nowhere"), clock)

    assert found.findings[0].what.endswith("Invalid endpoint configuration: Invalid endpoint: nowhere")
    assert (found.findings[0].level, found.reached) == ("problem", None)


def test_a_stand_in_without_sts_is_tried_nevertheless(aws: ScriptedAws) -> None:
    aws.refused["GetCallerIdentity"] = Refusal("NotImplemented", "no STS here", 501)
    found = identify(logs(aws.address), clock)

    assert lines(found.findings) == [
        "warning: credentials from environment variables; whose is not known: AWS does not answer: no STS here "
        "(NotImplemented) -> if STS cannot be reached from here, nothing needs doing; what the credentials may do is "
        "tried below"
    ]
    assert found.reached is not None


@pytest.mark.parametrize("seconds", [-7200, 90, 0])
def test_the_clock_is_compared_with_the_date_that_sts_tells(aws: ScriptedAws, seconds: int) -> None:
    aws.behind = seconds
    ahead = identify(logs(aws.address), clock).ahead

    assert ahead is not None
    assert abs(ahead / 1e6 - seconds) < 30


def test_a_refused_signature_tells_the_time_too(aws: ScriptedAws) -> None:
    aws.behind = 3600
    aws.refused["GetCallerIdentity"] = Refusal("RequestExpired", "Request has expired", 400)
    found = identify(logs(aws.address), clock)

    assert found.ahead is not None
    assert abs(found.ahead / 1e6 - 3600) < 30


def logs(address: str, **given: str) -> CloudWatchSource:
    return CloudWatchSource(name="logs", log_groups=("/a",), endpoint_url=address, **given)  # type: ignore[arg-type]
