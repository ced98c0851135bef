"""One moto server serves a run, ends with it, and has the gaps for which tests.aws.logs_server exists."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.aws.logs_server import client_of
from tests.aws.moto_server import moto

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# It runs until somebody closes its standard input.
USER = """
import sys
from tests.aws.moto_server import moto
with moto() as address:
    print(address, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with moto() as running:
        yield running


@pytest.fixture
def logs(address: str) -> Iterator[Any]:
    with client_of(address) as client:
        yield client


@pytest.fixture
def group(logs: Any) -> str:
    """Its streams `a` (messages 1 and 3) and `b` (message 2 between them) hold JSON."""
    name = f"/test/{uuid4().hex}"
    now = time.time_ns() // 1_000_000
    logs.create_log_group(logGroupName=name)
    for stream, numbers in (("a", (1, 3)), ("b", (2,))):
        logs.create_log_stream(logGroupName=name, logStreamName=stream)
        events = [{"timestamp": now - 10_000 + number, "message": f'{{"i": {number}}}'} for number in numbers]
        logs.put_log_events(logGroupName=name, logStreamName=stream, logEvents=events)
    return name


def messages_of(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_all_users_of_a_run_share_one_server(address: str) -> None:
    with moto() as again:
        assert again == address


def test_it_plays_the_services_that_are_collected_from(address: str) -> None:
    name = f"test-{uuid4().hex}"
    with client_of(address, "s3") as s3, client_of(address, "sqs") as sqs:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_object(Bucket=name, Key="a", Body=b"text")
        assert s3.get_object(Bucket=name, Key="a")["Body"].read() == b"text"
        assert sqs.create_queue(QueueName=name)["QueueUrl"].startswith(address)


@pytest.mark.parametrize("killed", [False, True])
def test_the_server_ends_with_its_last_user_even_a_killed_one(
    killed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    user = started_user()
    with user:
        assert user.stdout is not None
        address = user.stdout.readline().strip()
        assert answers(address)
        if killed:
            user.send_signal(signal.SIGKILL)
    wait_until_gone(address, tmp_path)


def test_the_server_outlives_the_one_who_started_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", uuid4().hex)
    addresses = []
    first, second = started_user(), started_user()
    with second:
        with first:
            for user in (first, second):
                assert user.stdout is not None
                addresses.append(user.stdout.readline().strip())
        assert addresses[0] == addresses[1]
        assert answers(addresses[0])
    wait_until_gone(addresses[0], tmp_path)


def test_moto_sorts_stream_by_stream_and_not_by_time(logs: Any, group: str) -> None:
    assert messages_of(logs.filter_log_events(logGroupName=group)) == ['{"i": 1}', '{"i": 3}', '{"i": 2}']


def test_moto_ignores_patterns_of_json(logs: Any, group: str) -> None:
    assert len(messages_of(logs.filter_log_events(logGroupName=group, filterPattern="{ $.i = 3 }"))) == 3


def test_moto_has_no_empty_page_before_the_last(logs: Any, group: str) -> None:
    paged = logs.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 1})
    assert [len(page["events"]) for page in paged] == [1, 1, 1]


def test_moto_takes_any_token(logs: Any, group: str) -> None:
    assert messages_of(logs.filter_log_events(logGroupName=group, nextToken="never given out")) == []


def test_moto_does_not_find_a_group_by_its_arn(logs: Any, group: str) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.filter_log_events(logGroupIdentifier=f"arn:aws:logs:eu-central-1:123456789012:log-group:{group}")


def test_moto_numbers_events_from_zero(logs: Any, group: str) -> None:
    """The ids of AWS have 56 digits."""
    ids = [event["eventId"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert all(len(event_id) < 20 for event_id in ids)


def started_user() -> subprocess.Popen[str]:
    """Leaving its context closes its standard input and waits for its end."""
    return subprocess.Popen(
        [sys.executable, "-c", USER], cwd=CHECKOUT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/moto-api/data.json", timeout=30) as response:
            return bool(response.status == 200)
    except (URLError, ConnectionError):
        return False


def wait_until_gone(address: str, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while answers(address) or list(folder.iterdir()):
        assert time.monotonic() < deadline, "the server did not end"
        time.sleep(0.02)
