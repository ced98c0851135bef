"""The least IAM policy for sources."""

import re

from tests.conftest import CHECKOUT
from tracehub.collectors.policy import Policy, policy_of
from tracehub.model.source import Access, CloudWatchSource, S3Source, Source

ROLE = "arn:aws:iam::210987654321:role/reader"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
LOGS = CloudWatchSource(
    name="logs",
    region="eu-west-1",
    log_groups=("/agents", "arn:aws:logs:eu-west-1:123456789012:log-group:/other:*"),
)
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/told"
TOLD = S3Source(name="told", region="eu-west-1", bucket="traces", prefix="agents/", queue_url=QUEUE)
LISTED = S3Source(name="listed", region="eu-west-1", bucket="more")


def test_log_groups_are_named_as_iam_knows_them() -> None:
    made = policy(LOGS)

    assert made.document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadEvents",
                "Effect": "Allow",
                "Action": ["logs:FilterLogEvents"],
                "Resource": [
                    "arn:aws:logs:eu-west-1:*:log-group:/agents:*",
                    "arn:aws:logs:eu-west-1:123456789012:log-group:/other:*",
                ],
            },
            {
                "Sid": "FindLogGroups",
                "Effect": "Allow",
                "Action": ["logs:DescribeLogGroups"],
                "Resource": [
                    "arn:aws:logs:eu-west-1:*:log-group:*",
                    "arn:aws:logs:eu-west-1:123456789012:log-group:*",
                ],
            },
            {
                "Sid": "CountWhatArrives",
                "Effect": "Allow",
                "Action": ["cloudwatch:GetMetricData"],
                "Resource": ["*"],
            },
        ],
    }
    assert made.unknown == ("the account of the log group /agents: declare the group by its ARN to have it named",)


def test_a_bucket_with_a_queue_is_read_by_version_below_its_prefix_only() -> None:
    made = policy(TOLD)

    assert made.document["Statement"] == [
        {
            "Sid": "ListObjects",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::traces"],
            "Condition": {"StringLike": {"s3:prefix": "agents/*"}},
        },
        {
            "Sid": "ReadVersions",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": ["arn:aws:s3:::traces/agents/*"],
        },
        {
            "Sid": "ReadQueue",
            "Effect": "Allow",
            "Action": [
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ],
            "Resource": ["arn:aws:sqs:eu-west-1:123456789012:told"],
        },
    ]
    assert made.unknown == ()


def test_a_bucket_without_a_queue_needs_neither_versions_nor_messages() -> None:
    assert said(policy(LISTED)) == {
        "ListObjects": (("s3:ListBucket",), ("arn:aws:s3:::more",)),
        "ReadObjects": (("s3:GetObject",), ("arn:aws:s3:::more/*",)),
    }


def test_a_role_reads_its_sources_and_the_caller_only_assumes_it() -> None:
    other = S3Source(name="b", region="eu-west-1", bucket="theirs", role_arn=ROLE)

    assert said(policy(LISTED, other)) == {
        "ListObjects": (("s3:ListBucket",), ("arn:aws:s3:::more",)),
        "ReadObjects": (("s3:GetObject",), ("arn:aws:s3:::more/*",)),
        "AssumeRoles": (("sts:AssumeRole",), (ROLE,)),
    }
    assert said(policy(LISTED, other, role=ROLE)) == {
        "ListObjects": (("s3:ListBucket",), ("arn:aws:s3:::theirs",)),
        "ReadObjects": (("s3:GetObject",), ("arn:aws:s3:::theirs/*",)),
    }


def test_a_role_tells_the_account_of_its_log_groups() -> None:
    made = policy(CloudWatchSource(name="l", region="eu-west-1", log_groups=("/a",), role_arn=ROLE), role=ROLE)

    assert said(made)["ReadEvents"][1] == ("arn:aws:logs:eu-west-1:210987654321:log-group:/a:*",)
    assert made.unknown == ()


def test_what_is_not_known_is_told() -> None:
    queue = S3Source(name="s", bucket="b", queue_url="http://127.0.0.1:1/queue/q")
    made = policy(CloudWatchSource(name="l", log_groups=("/a",)), queue)

    assert said(made)["ReadEvents"][1] == ("arn:aws:logs:*:*:log-group:/a:*",)
    assert made.unknown == (
        "the region of the log group /a: name it as region in the source l",
        "the account of the log group /a: declare the group by its ARN to have it named",
        "a part of the queue of the source s: its URL does not tell it",
    )


def test_keys_are_only_for_those_who_read() -> None:
    reads = policy_of([LISTED], None, region_of, kms_keys=[KEY])
    assumes = policy_of([S3Source(name="b", bucket="b", role_arn=ROLE)], None, region_of, kms_keys=[KEY])

    assert said(reads)["Decrypt"] == (("kms:Decrypt",), (KEY,))
    assert said(assumes) == {"AssumeRoles": (("sts:AssumeRole",), (ROLE,))}


def test_no_two_statements_have_one_name() -> None:
    made = policy(LOGS, TOLD, LISTED, S3Source(name="c", bucket="c", prefix="x/"))

    sids = [statement.sid for statement in made.statements]
    assert len(set(sids)) == len(sids)


def test_deploy_allows_the_same_actions() -> None:
    template = (CHECKOUT / "deploy" / "cloudformation" / "tracehub-sources.yaml").read_text(encoding="utf-8")
    collector = template[template.index("\n  CollectorReadsLogs:") : template.index("\nOutputs:")]
    made = policy_of([LOGS, TOLD], None, region_of, kms_keys=[KEY])

    allowed = {action for statement in made.statements for action in statement.action}
    assert allowed == set(re.findall(r"\b(?:cloudwatch|kms|logs|s3|sqs):[A-Z]\w+", collector))


def policy(*sources: Source, role: str | None = None) -> Policy:
    return policy_of(sources, role, region_of)


def region_of(access: Access) -> str | None:
    return access.region


def said(made: Policy) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    return {statement.sid: (statement.action, statement.resource) for statement in made.statements}
