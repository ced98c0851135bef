"""Metrics go to the destinations that want them, and an answer is taken for what it means."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exporters.receiver import TAKEN, Answer, Receiver, partly, receiving, refusing
from tests.stores import migrated
from tracehub.model.destination import Destination
from tracehub.outbound import Outbound
from tracehub.pipeline.metrics_flush import NotTaken, Refused, Sent, Taken, Unsure
from tracehub.pipeline.metrics_targets import MetricsSender, Parts, targets_of
from tracehub.store import destinations
from tracehub.store.database import Database


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated(f"sqlite:///{tmp_path / 'tracehub.db'}") as opened:
        yield opened


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (TAKEN, Taken()),
        (Answer(status=202), Taken()),
        (partly(3), Taken(rejected=3, said="too bad")),
        (refusing(400), Refused("HTTP 400: no")),
        (refusing(413), Refused("HTTP 413: no")),
        (refusing(429, Retry_After="7"), NotTaken("HTTP 429: no", after=7)),
        (refusing(503), NotTaken("HTTP 503: no")),
        (refusing(500), NotTaken("HTTP 500: no")),
        (refusing(403), NotTaken("HTTP 403: no", after=300)),
    ],
)
def test_an_answer_is_taken_for_what_it_means(
    database: Database, receiver: Receiver, answer: Answer, expected: Sent
) -> None:
    receiver.answers = lambda _: answer
    assert _sent(database, receiver.address) == expected


def test_without_an_answer_nobody_knows(database: Database, receiver: Receiver) -> None:
    receiver.answers = lambda _: Answer(hangs_up=True)
    assert isinstance(_sent(database, receiver.address), Unsure)


def test_where_nobody_listens_nothing_was_taken(database: Database) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert isinstance(_sent(database, address), NotTaken)


def test_an_address_inside_is_refused_unless_it_is_allowed(database: Database, receiver: Receiver) -> None:
    assert isinstance(_sent(database, receiver.address, allowed=()), NotTaken)


def test_datadog_hears_its_headers_at_the_path_of_metrics(database: Database, receiver: Receiver) -> None:
    receiver.answers = lambda _: TAKEN
    assert _sent(database, receiver.address, dialect="datadog", headers={"dd-api-key": "env:KEY"}) == Taken()
    request = receiver.requests[-1]
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert request.path == "/v1/metrics"
    assert headers["dd-api-key"] == "secret"
    assert '"mode":"distributions"' in headers["dd-otel-metric-config"]


def test_a_secret_that_is_missing_waits_for_a_person(database: Database, receiver: Receiver) -> None:
    found = _sent(database, receiver.address, headers={"key": "env:NOT_THERE"})
    assert found == NotTaken("the header key of the destination 'x' needs the environment variable NOT_THERE", 300)


def test_only_who_wants_metrics_and_does_not_stand_still_gets_them(database: Database) -> None:
    with database.writing() as connection:
        for name, metrics in (("wants", True), ("does-not", False), ("paused", True)):
            declared = Destination(name=name, endpoint="http://127.0.0.1:1", metrics=metrics, environment="prod")
            destinations.declare(connection, declared, declared_in="ui", now=1)
        destinations.pause(connection, "paused", True)
        [target] = targets_of(connection)
    assert target.receiver.name == "wants"
    assert target.receiver.takes_old
    assert not target.idempotent_sums
    assert target.receiver.resource["deployment.environment.name"] == "prod"


def _sent(
    database: Database,
    address: str,
    *,
    allowed: tuple[str, ...] = ("127.0.0.0/8",),
    headers: dict[str, str] | None = None,
    dialect: str = "genai",
) -> Sent:
    declared = Destination(
        name="x",
        endpoint=address,
        metrics=True,
        timeout_seconds=5,
        headers=headers or {},
        dialect=dialect,  # type: ignore[arg-type]
    )
    with database.writing() as connection:
        destinations.declare(connection, declared, declared_in="file", now=1)
    outbound = Outbound(allowed)
    parts = Parts(
        database=database,
        outbound=outbound,
        clock=lambda: 1_790_000_000_000_000,
        environment={"KEY": "secret"},
        unseal=lambda _, __: "",
    )
    try:
        return MetricsSender(parts)("x", b"")
    finally:
        outbound.close()
