"""What reading log groups needs, tried."""

from tests.aws.logs_server import FAILED, THROTTLED, LogsServer, scripted
from tests.collectors.probes.lines import lines, reached
from tests.collectors.probes.scripted_aws import Refusal, ScriptedAws
from tracehub.app import clock
from tracehub.collectors.probes.cloudwatch import probe_logs
from tracehub.model.source import CloudWatchSource

GROUPS = "arn:aws:logs:eu-central-1:123456789012:log-group"
LISTED = "ok: log groups can be listed"


def test_groups_that_can_be_read() -> None:
    with LogsServer() as server:
        arn = server.create_group("/agents/a")
        server.create_group("/agents/b")
        said = probe(server, f"{arn}:*", "/agents/b", stream_prefix="main")
        [first, second] = server.calls_of("FilterLogEvents")

    assert said == [f"ok: log group {arn}:* can be read", "ok: log group /agents/b can be read", LISTED]
    assert (first["logGroupIdentifier"], second["logGroupName"]) == (arn, "/agents/b")
    assert {call["logStreamNamePrefix"] for call in (first, second)} == {"main"}
    assert [call["limit"] for call in (first, second)] == [1, 1]
    assert [call["endTime"] - call["startTime"] for call in (first, second)] == [60_000, 60_000]


def test_a_group_that_does_not_exist_is_named_with_those_that_are_alike() -> None:
    with LogsServer() as server:
        server.create_group("/aws/lambda/agent-prod")
        said = probe(server, "/aws/lambda/agent-prd", "/x")

    assert said == [
        "problem: log group /aws/lambda/agent-prd: The specified log group does not exist (ResourceNotFoundException) "
        "-> check its name and the region; looked for in eu-central-1 of account 123456789012, which has "
        "/aws/lambda/agent-prod",
        "problem: log group /x: The specified log group does not exist (ResourceNotFoundException) -> check its name "
        "and the region; looked for in eu-central-1 of account 123456789012",
        LISTED,
    ]


def test_a_group_of_another_region_is_told() -> None:
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/a"
    with LogsServer() as server:
        said = probe(server, arn)

    assert said == [
        f"problem: log group {arn}: The specified log group does not exist (ResourceNotFoundException) -> its ARN is "
        "of eu-west-1, but the source reads in eu-central-1: mend region or the ARN",
        LISTED,
    ]


def test_what_is_denied_is_named_by_action_and_arn() -> None:
    with LogsServer() as server:
        server.create_group("/a")
        server.deny("logs:FilterLogEvents")
        server.deny("logs:DescribeLogGroups")
        source = logs(server.address, "/a")
        found = list(probe_logs(source, reached(source), clock()))

    assert lines(found) == [
        f"problem: log group /a: logs:FilterLogEvents is denied -> allow logs:FilterLogEvents on {GROUPS}:/a:*; "
        "`tracehub doctor --policy` prints all that is needed",
        "warning: list of log groups: logs:DescribeLogGroups is denied; tracehub works without it, but may not learn "
        f"whose a log group is -> allow logs:DescribeLogGroups on {GROUPS}:*; `tracehub doctor --policy` prints all "
        "that is needed",
    ]
    assert (found[0].action, found[0].resource) == ("logs:FilterLogEvents", f"{GROUPS}:/a:*")


def test_a_role_is_pointed_to_its_own_policy() -> None:
    role = "arn:aws:iam::123456789012:role/reader"
    with LogsServer() as server:
        server.deny("logs:FilterLogEvents")
        said = probe(server, "/a", role_arn=role)

    assert said[0].endswith(f"; `tracehub doctor --policy --role {role}` prints all that is needed")


def test_a_filter_pattern_is_warned_of() -> None:
    with LogsServer() as server:
        server.create_group("/a")
        said = probe(server, "/a", filter_pattern="orchestrationTrace")
        [call] = server.calls_of("FilterLogEvents")

    assert said[0] == (
        "warning: filter_pattern 'orchestrationTrace': loggers cut long events, and their later parts do not match it "
        "-> leave filter_pattern out: what holds no trace is not stored anyway"
    )
    assert call["filterPattern"] == "orchestrationTrace"


def test_a_pattern_that_aws_does_not_understand_is_a_problem() -> None:
    with LogsServer() as server:
        server.create_group("/a")
        said = probe(server, "/a", filter_pattern="{ $.x = ")

    assert said[1] == (
        "problem: log group /a: this stand-in knows only patterns of terms (InvalidParameterException) -> mend what "
        "the message names in the source's declaration"
    )


def test_throttling_is_no_problem_of_the_reader() -> None:
    with LogsServer() as server:
        server.create_group("/a")
        server.faulty_operations = frozenset({"FilterLogEvents"})
        server.faults = scripted(THROTTLED)
        said = probe(server, "/a")

    assert said == [
        "warning: log group /a: AWS asks for fewer requests: Rate exceeded (ThrottlingException) -> run it again in a "
        "few minutes",
        LISTED,
    ]


def test_an_outage_is_told_once() -> None:
    with LogsServer() as server:
        server.create_group("/a")
        server.faulty_operations = frozenset({"FilterLogEvents"})
        server.faults = scripted(FAILED, FAILED)
        said = probe(server, "/a", "/b")

    assert len(said) == 1
    assert said[0].startswith("problem: log group /a: AWS does not answer: ")


def test_a_key_that_may_not_be_used_is_named(aws: ScriptedAws) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"
    aws.deny("FilterLogEvents", "kms:Decrypt", key)
    source = logs(aws.address, "/a")
    found = list(probe_logs(source, reached(source), clock()))

    assert lines(found)[0] == (
        f"problem: log group /a: the KMS key that encrypts it may not be used -> allow kms:Decrypt on {key}, in the "
        f"key's policy too where it is another account's; `tracehub doctor --policy --kms-key {key}` prints all that "
        "is needed"
    )
    assert (found[0].action, found[0].resource) == ("kms:Decrypt", key)


def test_metrics_are_wanted_but_not_needed(aws: ScriptedAws) -> None:
    aws.refused["GetMetricData"] = Refusal("AccessDenied", "not authorized", 403)
    source = logs(aws.address, "/a")

    assert lines(probe_logs(source, reached(source), clock()))[-1] == (
        "warning: CloudWatch metrics: cloudwatch:GetMetricData is denied; tracehub works without them, but cannot "
        "compare what it stored with what arrived -> allow cloudwatch:GetMetricData on *; `tracehub doctor --policy` "
        "prints all that is needed"
    )


def test_metrics_that_can_be_read(moto_address: str) -> None:
    source = logs(moto_address, "/none")

    assert lines(probe_logs(source, reached(source), clock()))[-1] == "ok: CloudWatch metrics can be read"


def probe(server: LogsServer, *groups: str, **given: str) -> list[str]:
    source = logs(server.address, *groups, **given)
    return lines(probe_logs(source, reached(source), clock()))


def logs(address: str, *groups: str, **given: str) -> CloudWatchSource:
    return CloudWatchSource(
        name="logs",
        log_groups=groups,
        endpoint_url=address,
        requests_per_second=50,
        **given,  # type: ignore[arg-type]
    )
