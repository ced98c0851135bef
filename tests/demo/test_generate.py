"""The demo data is deterministic, true to the API's model, and weighs what real traces weigh."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape, StructureShape

from tests.stores import migrated, store
from tests.traffic import demo_events, demo_lines
from tracehub.demo.generate import FIRST, generate, write
from tracehub.model.listing import Filter
from tracehub.store import traces

UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
# Members that AWS's model has and no stream of an agent can carry.
NEVER: set[str] = set()


@pytest.mark.parametrize("seed", [1, 7])
def test_the_first_sessions_hold_every_member_of_the_api_model(seed: int) -> None:
    model = botocore.session.get_session().get_service_model("bedrock-agent-runtime")
    wanted: dict[str, set[str]] = {}
    _members(model.shape_for("ResponseStream"), wanted)
    found: dict[str, set[str]] = {}
    for exchange in generate(seed=seed, sessions=FIRST, until=UNTIL):
        for message in exchange["completion"]:
            _visit(model.shape_for("ResponseStream"), message, found)
    missing = {f"{shape}.{member}" for shape, members in wanted.items() for member in members - found.get(shape, set())}
    assert missing == NEVER


def test_the_same_arguments_give_the_same_bytes() -> None:
    first, second, other = (BytesIO() for _ in range(3))
    write(generate(seed=3, sessions=30, until=UNTIL), first)
    write(generate(seed=3, sessions=30, until=UNTIL), second)
    write(generate(seed=4, sessions=30, until=UNTIL), other)
    assert first.getvalue() == second.getvalue()
    assert first.getvalue() != other.getvalue()


def test_every_exchange_says_that_it_is_synthetic() -> None:
    assert all(exchange["synthetic"] for exchange in generate(seed=1, sessions=FIRST, until=UNTIL))


def test_a_span_weighs_what_it_does_in_real_traces(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database:
        store(database, demo_events(150))
        with database.reading() as connection:
            steps = sum(row.steps + 1 for row in traces.page(connection, Filter(), limit=100_000).rows)
    assert 4_500 <= len(demo_lines(150)) / steps <= 7_000


def _members(shape: Shape, found: dict[str, set[str]]) -> None:
    if isinstance(shape, StructureShape):
        if shape.name not in found:
            found[shape.name] = set(shape.members)
            for member in shape.members.values():
                _members(member, found)
    elif shape.type_name == "list":
        _members(shape.member, found)
    elif shape.type_name == "map":
        _members(shape.value, found)


def _visit(shape: Shape, value: Any, found: dict[str, set[str]]) -> None:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{shape.name} has no {unknown}"
        for name, item in value.items():
            found.setdefault(shape.name, set()).add(name)
            _visit(shape.members[name], item, found)
    elif shape.type_name == "list":
        for item in value:
            _visit(shape.member, item, found)
    elif shape.type_name == "map":
        for item in value.values():
            _visit(shape.value, item, found)
    elif getattr(shape, "enum", None):
        assert value in shape.enum or value == "ACTION_GROUP_CODE_INTERPRETER", f"{shape.name} cannot be {value}"
