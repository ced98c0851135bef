"""The scripted CloudWatch Logs answers a real boto3 client as AWS does, also when it answers badly."""

import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.aws.logs_server import (
    ALL_FAULTS,
    EVENT_OVERHEAD,
    FAILED,
    HALF,
    RESET,
    RESET_MIDWAY,
    THROTTLED,
    LogsServer,
    client_of,
    delayed,
    scripted,
    seeded,
)

GROUP = "/aws/vendedlogs/agents"
ARN = f"arn:aws:logs:eu-central-1:123456789012:log-group:{GROUP}"
ROLE = "arn:aws:iam::123456789012:role/reader"


@pytest.fixture
def server() -> Iterator[LogsServer]:
    with LogsServer(clock=lambda: 9_000) as running:
        yield running


@pytest.fixture
def logs(server: LogsServer) -> Iterator[Any]:
    with client_of(server.address) as client:
        yield client


def pages_of(logs: Any, **parameters: Any) -> list[list[str]]:
    """The messages of every page until one has no token."""
    pages = []
    while True:
        answer = logs.filter_log_events(logGroupName=GROUP, **parameters)
        pages.append([event["message"] for event in answer["events"]])
        if "nextToken" not in answer:
            return pages
        parameters["nextToken"] = answer["nextToken"]


def messages_of(logs: Any, **parameters: Any) -> list[str]:
    return [message for page in pages_of(logs, **parameters) for message in page]


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_an_event_has_all_that_aws_says_of_it(server: LogsServer, logs: Any) -> None:
    event_id = server.put(GROUP, "one", 'said "ä"\n', timestamp_ms=1_000, ingested_ms=1_500)
    answer = logs.filter_log_events(logGroupName=GROUP)
    del answer["ResponseMetadata"]
    assert answer == {
        "events": [
            {
                "logStreamName": "one",
                "timestamp": 1_000,
                "message": 'said "ä"\n',
                "ingestionTime": 1_500,
                "eventId": event_id,
            }
        ],
        "searchedLogStreams": [],
    }


def test_event_ids_have_56_digits_and_rise_in_the_order_of_putting(server: LogsServer) -> None:
    ids = [server.put(GROUP, "one", "m", timestamp_ms=timestamp) for timestamp in (3, 1, 2)]
    assert ids == sorted(ids)
    assert {len(event_id) for event_id in ids} == {56}


def test_events_are_sorted_by_time_then_ingestion_then_id_across_streams(server: LogsServer, logs: Any) -> None:
    for stream, message, timestamp, ingested in (
        ("two", "d", 2, 9),
        ("one", "b", 1, 9),
        ("two", "a", 1, 8),
        ("two", "c", 1, 9),
    ):
        server.put(GROUP, stream, message, timestamp_ms=timestamp, ingested_ms=ingested)
    assert messages_of(logs) == ["a", "b", "c", "d"]
    assert messages_of(logs, limit=1) == ["a", "b", "c", "d"]


def test_both_ends_of_the_range_belong_to_it(server: LogsServer, logs: Any) -> None:
    for timestamp in (1, 2, 3, 4):
        server.put(GROUP, "one", str(timestamp), timestamp_ms=timestamp)
    assert messages_of(logs, startTime=2, endTime=3) == ["2", "3"]


def test_streams_are_chosen_by_name_or_by_prefix(server: LogsServer, logs: Any) -> None:
    for stream in ("a/1", "a/2", "b/1"):
        server.put(GROUP, stream, stream, timestamp_ms=1)
    assert messages_of(logs, logStreamNamePrefix="a/") == ["a/1", "a/2"]
    assert messages_of(logs, logStreamNames=["b/1"]) == ["b/1"]
    assert messages_of(logs, logStreamNames=["b/1", "a/1"]) == ["a/1", "b/1"]
    with pytest.raises(ClientError) as error:
        logs.filter_log_events(logGroupName=GROUP, logStreamNames=["b/2"])
    assert code_of(error) == ("ResourceNotFoundException", 400)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("trace", ["a trace", "trace with error"]),
        ("trace error", ["trace with error"]),
        ('"with error"', ["trace with error"]),
        ("trace -error", ["a trace"]),
        ("?error ?other", ["other", "trace with error"]),
    ],
)
def test_a_pattern_of_terms_filters(server: LogsServer, logs: Any, pattern: str, found: list[str]) -> None:
    for message in ("a trace", "other", "trace with error"):
        server.put(GROUP, "one", message, timestamp_ms=1)
    assert sorted(messages_of(logs, filterPattern=pattern)) == found


def test_a_pattern_that_it_does_not_know_is_refused_rather_than_ignored(server: LogsServer, logs: Any) -> None:
    server.create_group(GROUP)
    with pytest.raises(ClientError) as error:
        logs.filter_log_events(logGroupName=GROUP, filterPattern="{ $.i = 3 }")
    assert code_of(error) == ("InvalidParameterException", 400)


def test_a_page_ends_at_its_bytes_but_holds_one_event_at_least(server: LogsServer, logs: Any) -> None:
    server.max_page_bytes = 2 * (10 + EVENT_OVERHEAD)
    for message in ("a" * 10, "b" * 10, "c" * 10, "d" * 100):
        server.put(GROUP, "one", message, timestamp_ms=1)
    assert pages_of(logs) == [["a" * 10, "b" * 10], ["c" * 10], ["d" * 100]]


def test_a_page_ends_at_its_number_of_events_whatever_was_asked(server: LogsServer, logs: Any) -> None:
    server.max_page_events = 2
    for number in range(5):
        server.put(GROUP, "one", str(number), timestamp_ms=number)
    assert pages_of(logs, limit=3) == [["0", "1"], ["2", "3"], ["4"]]


def test_empty_pages_carry_a_token_and_lose_nothing(server: LogsServer, logs: Any) -> None:
    server.empty_pages = 0.6
    for number in range(20):
        server.put(GROUP, "one", str(number), timestamp_ms=number // 3)
    pages = pages_of(logs, limit=3)
    assert [] in pages[:-1]
    assert [message for page in pages for message in page] == [str(number) for number in range(20)]


def test_a_late_event_is_not_seen_by_the_calls_before_it(server: LogsServer, logs: Any) -> None:
    server.put(GROUP, "one", "late", timestamp_ms=1, visible_after_calls=2)
    assert [messages_of(logs), messages_of(logs), messages_of(logs)] == [[], [], ["late"]]


def test_a_held_event_is_seen_when_released_and_ingested_then(server: LogsServer, logs: Any) -> None:
    first = server.put(GROUP, "one", "first", timestamp_ms=1, visible_after_calls=None)
    server.put(GROUP, "one", "second", timestamp_ms=2, visible_after_calls=None)
    assert messages_of(logs) == []
    server.release(first)
    assert [event["ingestionTime"] for event in logs.filter_log_events(logGroupName=GROUP)["events"]] == [9_000]
    server.release()
    assert messages_of(logs) == ["first", "second"]


def test_an_event_that_arrives_behind_the_token_is_missed_by_that_sweep(server: LogsServer, logs: Any) -> None:
    for number in (1, 2, 3):
        server.put(GROUP, "one", str(number), timestamp_ms=number * 10)
    token = logs.filter_log_events(logGroupName=GROUP, limit=2)["nextToken"]
    server.put(GROUP, "one", "before", timestamp_ms=15)
    server.put(GROUP, "one", "after", timestamp_ms=25)
    assert messages_of(logs, nextToken=token) == ["after", "3"]


def test_a_token_is_good_for_its_own_question_only_and_until_it_expires(server: LogsServer, logs: Any) -> None:
    for number in range(3):
        server.put(GROUP, "one", str(number), timestamp_ms=number)
    token = logs.filter_log_events(logGroupName=GROUP, endTime=5, limit=1)["nextToken"]
    assert messages_of(logs, endTime=5, nextToken=token) == ["1", "2"]
    for question in ({"endTime": 6, "nextToken": token}, {"nextToken": "nonsense"}):
        with pytest.raises(ClientError, match="nextToken is invalid") as error:
            logs.filter_log_events(logGroupName=GROUP, **question)
        assert code_of(error) == ("InvalidParameterException", 400)
    server.expire_tokens()
    with pytest.raises(ClientError, match="nextToken is invalid"):
        logs.filter_log_events(logGroupName=GROUP, endTime=5, nextToken=token)


def test_a_group_is_named_by_its_name_or_by_its_arn_without_a_star(server: LogsServer, logs: Any) -> None:
    server.put(GROUP, "one", "m", timestamp_ms=1)
    for identifier in (GROUP, ARN):
        assert len(logs.filter_log_events(logGroupIdentifier=identifier)["events"]) == 1
    for named in ({"logGroupIdentifier": f"{ARN}:*"}, {"logGroupName": GROUP, "logGroupIdentifier": ARN}):
        with pytest.raises(ClientError) as error:
            logs.filter_log_events(**named)
        assert code_of(error) == ("InvalidParameterException", 400)


def test_groups_are_described_in_pages(server: LogsServer, logs: Any) -> None:
    for name in ("/a/3", "/a/1", "/b/1", "/a/2"):
        server.create_group(name)
    pages = list(logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/a/", PaginationConfig={}))
    assert [group["logGroupName"] for page in pages for group in page["logGroups"]] == ["/a/1", "/a/2", "/a/3"]
    small = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 3})
    assert [len(page["logGroups"]) for page in small] == [3, 1]


def test_a_group_tells_both_of_its_arns(server: LogsServer, logs: Any) -> None:
    server.put(GROUP, "one", "four", timestamp_ms=1)
    [group] = logs.describe_log_groups(logGroupIdentifiers=[ARN])["logGroups"]
    assert group == {
        "logGroupName": GROUP,
        "creationTime": 9_000,
        "metricFilterCount": 0,
        "arn": f"{ARN}:*",
        "logGroupArn": ARN,
        "storedBytes": 4 + EVENT_OVERHEAD,
        "logGroupClass": "STANDARD",
    }


def test_streams_are_described_by_name_or_by_their_last_event(server: LogsServer, logs: Any) -> None:
    for stream, timestamp in (("a", 2), ("b", 3), ("c", 1)):
        server.put(GROUP, stream, "m", timestamp_ms=timestamp, ingested_ms=50)
    server.create_stream(GROUP, "empty")
    latest = logs.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True, limit=2)
    assert [stream["logStreamName"] for stream in latest["logStreams"]] == ["b", "a"]
    assert latest["logStreams"][0]["lastEventTimestamp"] == 3
    assert latest["logStreams"][0]["lastIngestionTime"] == 50
    named = logs.get_paginator("describe_log_streams").paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 2})
    assert [stream["logStreamName"] for page in named for stream in page["logStreams"]] == ["a", "b", "c", "empty"]


def test_a_stream_is_read_forwards_to_the_token_that_does_not_change(server: LogsServer, logs: Any) -> None:
    for number in range(4):
        server.put(GROUP, "one", str(number), timestamp_ms=number)
    of_stream = {"logGroupName": GROUP, "logStreamName": "one", "endTime": 3, "limit": 2, "startFromHead": True}
    first = logs.get_log_events(**of_stream)
    second = logs.get_log_events(**of_stream, nextToken=first["nextForwardToken"])
    end = logs.get_log_events(**of_stream, nextToken=second["nextForwardToken"])
    read = [[event["message"] for event in answer["events"]] for answer in (first, second, end)]
    assert read == [["0", "1"], ["2"], []]  # the end of the range does not belong to it, unlike FilterLogEvents
    assert end["nextForwardToken"] == second["nextForwardToken"]


def test_a_stream_is_read_backwards_from_its_latest_events(server: LogsServer, logs: Any) -> None:
    for number in range(3):
        server.put(GROUP, "one", str(number), timestamp_ms=number)
    of_stream = {"logGroupName": GROUP, "logStreamName": "one", "limit": 2}
    first = logs.get_log_events(**of_stream)
    second = logs.get_log_events(**of_stream, nextToken=first["nextBackwardToken"])
    end = logs.get_log_events(**of_stream, nextToken=second["nextBackwardToken"])
    read = [[event["message"] for event in answer["events"]] for answer in (first, second, end)]
    assert read == [["1", "2"], ["0"], []]
    assert end["nextBackwardToken"] == second["nextBackwardToken"]


def test_a_reader_at_the_end_of_a_stream_sees_what_comes_next(server: LogsServer, logs: Any) -> None:
    server.create_stream(GROUP, "one")
    of_stream = {"logGroupName": GROUP, "logStreamName": "one", "startFromHead": True}
    token = logs.get_log_events(**of_stream)["nextForwardToken"]
    server.put(GROUP, "one", "next", timestamp_ms=5)
    read = logs.get_log_events(**of_stream, nextToken=token)
    assert [event["message"] for event in read["events"]] == ["next"]


def test_groups_streams_and_events_can_be_made_and_groups_deleted_over_the_wire(server: LogsServer, logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=[{"timestamp": 1, "message": "m"}])
    assert messages_of(logs) == ["m"]
    with pytest.raises(ClientError) as error:
        logs.create_log_group(logGroupName=GROUP)
    assert code_of(error) == ("ResourceAlreadyExistsException", 400)
    logs.delete_log_group(logGroupName=GROUP)
    with pytest.raises(ClientError, match="The specified log group does not exist") as error:
        logs.filter_log_events(logGroupName=GROUP)
    assert code_of(error) == ("ResourceNotFoundException", 400)


def test_every_call_is_noted_with_its_parameters(server: LogsServer, logs: Any) -> None:
    server.create_group(GROUP)
    server.faults = scripted(THROTTLED)
    with pytest.raises(ClientError):
        logs.filter_log_events(logGroupName=GROUP, startTime=7)
    logs.describe_log_groups()
    assert server.calls == [("FilterLogEvents", {"logGroupName": GROUP, "startTime": 7}), ("DescribeLogGroups", {})]
    assert server.calls_of("FilterLogEvents") == [{"logGroupName": GROUP, "startTime": 7}]
    assert server.struck == [("FilterLogEvents", THROTTLED)]


def test_throttling_and_failures_look_as_those_of_aws(server: LogsServer, logs: Any) -> None:
    server.put(GROUP, "one", "m", timestamp_ms=1)
    server.faults = scripted(THROTTLED, FAILED, None)
    with pytest.raises(ClientError, match="Rate exceeded") as throttled:
        logs.filter_log_events(logGroupName=GROUP)
    with pytest.raises(ClientError) as failed:
        logs.filter_log_events(logGroupName=GROUP)
    assert code_of(throttled) == ("ThrottlingException", 400)
    assert code_of(failed) == ("InternalFailure", 500)
    assert messages_of(logs) == ["m"]


@pytest.mark.parametrize("fault", [RESET, RESET_MIDWAY])
def test_a_reset_connection_is_an_error_of_the_client(server: LogsServer, logs: Any, fault: Any) -> None:
    server.put(GROUP, "one", "m" * 300_000, timestamp_ms=1)
    server.faults = scripted(fault)
    with pytest.raises(Exception, match=r"(?i)connection"):
        logs.filter_log_events(logGroupName=GROUP)
    assert messages_of(logs) == ["m" * 300_000]


def test_half_an_answer_is_no_error_to_boto3_but_has_no_events(server: LogsServer, logs: Any) -> None:
    """What a collector must not take for the empty last page."""
    server.put(GROUP, "one", "m", timestamp_ms=1)
    server.faults = scripted(HALF)
    answer = logs.filter_log_events(logGroupName=GROUP)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert set(answer) == {"ResponseMetadata"}
    assert messages_of(logs) == ["m"]


def test_a_late_answer_is_still_whole(server: LogsServer, logs: Any) -> None:
    server.put(GROUP, "one", "m", timestamp_ms=1)
    server.faults = scripted(delayed(0.01))
    assert messages_of(logs) == ["m"]


def test_the_end_of_the_server_cuts_a_delay_short() -> None:
    with LogsServer() as server, client_of(server.address) as logs:
        server.faults = scripted(delayed(3600.0))
        failures: list[Exception] = []

        def describe() -> None:
            try:
                logs.describe_log_groups()
            except ConnectionClosedError as error:
                failures.append(error)

        waiting = threading.Thread(target=describe)
        waiting.start()
        while not server.calls:
            waiting.join(0.01)
    waiting.join()


def test_faults_may_be_kept_to_some_operations(server: LogsServer, logs: Any) -> None:
    server.put(GROUP, "one", "m", timestamp_ms=1)
    server.faults = scripted(THROTTLED)
    server.faulty_operations = frozenset({"FilterLogEvents"})
    logs.describe_log_groups()
    with pytest.raises(ClientError):
        logs.filter_log_events(logGroupName=GROUP)


def test_a_seed_gives_the_same_faults_again() -> None:
    first, again, other = (seeded(seed, 0.5) for seed in (1, 1, 2))
    drawn = [[next(faults) for _ in range(50)] for faults in (first, again, other)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert set(drawn[0]) == {None, *ALL_FAULTS}


def test_what_is_denied_is_told_with_the_action_and_the_resource(server: LogsServer, logs: Any) -> None:
    server.create_group(GROUP)
    server.deny("logs:FilterLogEvents")
    text = (
        "User: arn:aws:iam::123456789012:user/collector is not authorized to perform: logs:FilterLogEvents "
        f"on resource: {ARN}:log-stream:"
    )
    with pytest.raises(ClientError, match=text) as error:
        logs.filter_log_events(logGroupName=GROUP)
    assert code_of(error) == ("AccessDeniedException", 400)
    server.allow("logs:FilterLogEvents")
    assert messages_of(logs) == []


def test_a_role_is_assumed_with_the_right_external_id_only(server: LogsServer) -> None:
    server.external_id = "right"
    with client_of(server.address, "sts") as sts:
        for given in ({}, {"ExternalId": "wrong"}):
            with pytest.raises(ClientError, match="is not authorized to perform: sts:AssumeRole") as error:
                sts.assume_role(RoleArn=ROLE, RoleSessionName="tracehub", **given)
            assert code_of(error) == ("AccessDenied", 403)
        assumed = sts.assume_role(RoleArn=ROLE, RoleSessionName="tracehub", ExternalId="right")
    assert assumed["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/reader/tracehub"
    with assumed_client(server, assumed, "sts") as sts:
        assert sts.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/reader/tracehub"


def test_credentials_of_a_role_work_until_the_test_says_that_they_expired(server: LogsServer, logs: Any) -> None:
    server.assumed_roles_only = True
    with pytest.raises(ClientError) as denied:
        logs.describe_log_groups()
    assert code_of(denied) == ("AccessDeniedException", 400)
    with client_of(server.address, "sts") as sts:
        assumed = sts.assume_role(RoleArn=ROLE, RoleSessionName="tracehub")
        with assumed_client(server, assumed, "logs") as as_role:
            assert as_role.describe_log_groups()["logGroups"] == []
            server.expire_credentials()
            with pytest.raises(ClientError) as expired:
                as_role.describe_log_groups()
        assert code_of(expired) == ("ExpiredTokenException", 400)
        with assumed_client(server, sts.assume_role(RoleArn=ROLE, RoleSessionName="tracehub"), "logs") as renewed:
            assert renewed.describe_log_groups()["logGroups"] == []


def test_many_threads_put_and_read_at_once_and_nothing_is_lost(server: LogsServer) -> None:
    def put(stream: str) -> None:
        chance = random.Random(stream)
        for number in range(100):
            server.put(GROUP, stream, f"{stream}{number}", timestamp_ms=chance.randrange(50))

    def read() -> None:
        with client_of(server.address) as logs:
            pages_of(logs, limit=40)

    server.create_group(GROUP)
    threads = [threading.Thread(target=put, args=(stream,)) for stream in "abcd"]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with client_of(server.address) as logs:
        read_at_last = messages_of(logs, limit=40)
    assert sorted(read_at_last) == sorted(f"{stream}{number}" for stream in "abcd" for number in range(100))


def assumed_client(server: LogsServer, assumed: dict[str, Any], service: str) -> Any:
    credentials = assumed["Credentials"]
    return client_of(
        server.address,
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
