"""ARNs of what sources name."""

import pytest

from tracehub.collectors import arns

VPC_ENDPOINT = "https://vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com/123456789012/q"


@pytest.mark.parametrize(
    ("url", "region", "arn"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/q", None, "arn:aws:sqs:eu-west-1:123456789012:q"),
        ("https://sqs-fips.us-east-1.amazonaws.com/123456789012/q", None, "arn:aws:sqs:us-east-1:123456789012:q"),
        ("https://sqs.eu-west-1.api.aws/123456789012/q.fifo", None, "arn:aws:sqs:eu-west-1:123456789012:q.fifo"),
        (VPC_ENDPOINT, None, "arn:aws:sqs:eu-west-1:123456789012:q"),
        ("https://eu-west-1.queue.amazonaws.com/123456789012/q", None, "arn:aws:sqs:eu-west-1:123456789012:q"),
        (
            "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q",
            None,
            "arn:aws-cn:sqs:cn-north-1:123456789012:q",
        ),
        ("https://queue.amazonaws.com/123456789012/q", "us-east-1", "arn:aws:sqs:us-east-1:123456789012:q"),
        ("http://127.0.0.1:9324/queue/q", "eu-west-1", "arn:aws:sqs:eu-west-1:*:q"),
        ("http://127.0.0.1:9324/q", None, "arn:aws:sqs:*:*:q"),
    ],
)
def test_a_queue_url_tells_the_arn(url: str, region: str | None, arn: str) -> None:
    assert arns.queue_arn(url, region) == arn


def test_what_iam_would_read_as_a_pattern_is_meant_literally() -> None:
    assert arns.objects_arn("b", "what?/$a*/", None) == "arn:aws:s3:::b/what${?}/${$}a${*}/*"


def test_an_access_point_stands_for_its_bucket() -> None:
    point = "arn:aws:s3:eu-west-1:123456789012:accesspoint/traces"

    assert arns.bucket_arn(point, "eu-west-1") == point
    assert arns.objects_arn(point, "a/", "eu-west-1") == f"{point}/object/a/*"


def test_a_log_group_is_known_by_name_or_arn() -> None:
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/agents"

    assert arns.log_group_arn("/agents", "eu-west-1", "123456789012") == arn
    assert arns.log_group_arn(f"{arn}:*", None, None) == arn
    assert (
        arns.log_group_arn("/agents", "us-gov-west-1", None) == "arn:aws-us-gov:logs:us-gov-west-1:*:log-group:/agents"
    )
