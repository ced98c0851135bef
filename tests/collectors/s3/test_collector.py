"""How a collector reaches AWS."""

from typing import Any

import pytest

from tests.collectors.s3.collecting import Collecting, Stop, client_at
from tracehub.model.source import Access, S3Source

QUEUE = "https://sqs.ap-southeast-2.amazonaws.com/123456789012/traces"


@pytest.mark.parametrize(
    ("region", "queue_url", "asked"),
    [
        (None, QUEUE, "ap-southeast-2"),
        ("eu-west-1", QUEUE, "eu-west-1"),
        (None, "http://127.0.0.1:9/123456789012/traces", None),
    ],
)
def test_a_queue_is_asked_in_the_region_of_its_address(region: str | None, queue_url: str, asked: str | None) -> None:
    regions: dict[str, str | None] = {}

    def noting(access: Access, service: str) -> Any:
        regions[service] = access.region
        return client_at("http://127.0.0.1:9", service)

    source = S3Source(name="test", bucket="traces", region=region, queue_url=queue_url)
    collecting = Collecting(source, make_client=noting, stop=Stop(most=1))
    collecting.collector.receive_forever()
    collecting.collector.list_once()
    assert regions["sqs"] == asked


def test_without_a_queue_there_is_nothing_to_receive() -> None:
    collecting = Collecting(S3Source(name="test", bucket="traces"))
    assert collecting.collector.receive_once().done == ()
    collecting.collector.receive_forever()
    assert collecting.told == []
