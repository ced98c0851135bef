"""The share of traced calls is told where AWS's count may be read, and only there."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from tests.aws.logs_server import client_of
from tests.aws.moto_server import moto
from tests.stores import migrated, store
from tracehub.bedrock.decode import decode
from tracehub.collectors.clients import Clients
from tracehub.collectors.cloudwatch.calls import NAMESPACE
from tracehub.demo.generate import generate, write
from tracehub.model.record import Event, Limits, Record
from tracehub.model.source import CloudWatchSource, Source
from tracehub.pipeline.call_counting import count_agent_calls
from tracehub.store import agent_calls, sources
from tracehub.store.database import Database


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def test_the_share_of_traced_calls(database_url: str) -> None:
    now = int(datetime.now(UTC).timestamp() * 1e6)
    # moto keeps what the other database's turn of this test has put there.
    region = "eu-west-1" if database_url.startswith("sqlite") else "eu-west-2"
    with migrated(database_url) as database, moto() as address:
        store(database, _recent())
        _declare(database, CloudWatchSource(name="a", log_groups=("/a",), endpoint_url=address, region=region))
        _declare(database, CloudWatchSource(name="b", log_groups=("/b",), endpoint_url=address, region=region))
        count_agent_calls(database, Clients(lambda: now), now)
        with database.reading() as connection:
            assert agent_calls.traced_share(connection, now) is None
        with client_of(address, "cloudwatch", region_name=region) as cloudwatch:
            cloudwatch.put_metric_data(
                Namespace=NAMESPACE,
                MetricData=[
                    {
                        "MetricName": "InvocationCount",
                        "Dimensions": [{"Name": "Operation", "Value": "InvokeAgent"}],
                        "Timestamp": datetime.now(UTC) - timedelta(hours=3),
                        "Value": 10_000,
                    }
                ],
            )
        count_agent_calls(database, Clients(lambda: now), now)
        with database.reading() as connection:
            share = agent_calls.traced_share(connection, now)
            assert share is not None
            assert share.calls == 10_000
            assert 0 < share.traced < 10_000
            assert agent_calls.traced_share(connection, now + 6 * 3_600_000_000) is None


def test_where_it_may_not_be_read_nothing_is_told(sqlite_url: str) -> None:
    now = int(datetime.now(UTC).timestamp() * 1e6)
    with migrated(sqlite_url) as database:
        _declare(database, CloudWatchSource(name="a", log_groups=("/a",), endpoint_url="http://127.0.0.1:9"))
        count_agent_calls(database, Clients(lambda: now), now)
        with database.reading() as connection:
            assert agent_calls.traced_share(connection, now) is None


def _recent() -> tuple[Event, ...]:
    out = BytesIO()
    write(generate(seed=3, sessions=30, until=datetime.now(UTC) - timedelta(hours=3), days=1), out)
    return decode(Record(data=out.getvalue(), source="demo", received_at=0), Limits()).events


def _declare(database: Database, source: Source) -> None:
    with database.writing() as connection:
        sources.declare(connection, source, declared_in="ui", now=0)
