"""Python reprs are read as the JSON they stand for, and nothing is ever run."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.bedrock.literal import LiteralError, parse_literal

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab'\"\\\n", max_size=5), inner, max_size=4),
    max_leaves=20,
)


def parse(text: str) -> object:
    value, end = parse_literal(text, 0, 200)
    assert end == len(text)
    return value


@given(VALUES)
def test_every_repr_of_plain_data_is_read_back(value: object) -> None:
    assert parse(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(1, 'a',)", [1, "a"]),
        ("{1, 2}", [1, 2]),
        ("{}", {}),
        ("b'Hi'", "SGk="),
        ("'a '\n 'b'", "a b"),
        ("nan", None),
        ("datetime.datetime(2025, 4, 9, 3, 8, 39, 954093, tzinfo=tzutc())", "2025-04-09T03:08:39.954093+00:00"),
        ("datetime.datetime(2025, 4, 9, tzinfo=datetime.timezone.utc)", "2025-04-09T00:00:00+00:00"),
        ("datetime(2025, 4, 9, 1, tzinfo=tzoffset(None, -3600))", "2025-04-09T01:00:00-01:00"),
        (
            "datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=82800)))",
            "2025-01-01T00:00:00-01:00",
        ),
        (
            "{'a': <botocore.eventstream.EventStream object at 0x12>}",
            {"a": "<botocore.eventstream.EventStream object at 0x12>"},
        ),
        ("Action(tool='t', args={'a': 1})", {"tool": "t", "args": {"a": 1}}),
        ("OrderedDict([('a', 1)])", [["a", 1]]),
        ("__import__('os').system", "os"),
        ("'\\x41\\u00e9\\n\\'\\ud83d\\ude00\\ud800'", "Aé\n'\U0001f600\ufffd"),
    ],
)
def test_what_each_form_stands_for(text: str, value: object) -> None:
    assert parse_literal(text, 0, 200)[0] == value


@pytest.mark.parametrize("text", ["[", "{'a': ", "'a", "[1", "f(", "x", "@", "", "{'a' 1}", "9" * 5000, "b'\u1234'"])
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(LiteralError):
        parse_literal(text, 0, 200)


@pytest.mark.parametrize("opening", ["[", "{1:", "(", "f(", "[{'a':"])
def test_nesting_beyond_the_limit_is_refused(opening: str) -> None:
    with pytest.raises(LiteralError, match="max_depth"):
        parse_literal(opening * 100_000, 0, 200)


@given(st.text("[]{}()'\"\\b:,=x1. \n", max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    with contextlib.suppress(LiteralError):
        _, end = parse_literal(text, 0, 20)
        assert 0 < end <= len(text)


def test_times_mean_what_python_meant() -> None:
    moment = datetime(2024, 2, 29, 23, 59, 59, 1, tzinfo=UTC)
    assert datetime.fromisoformat(str(parse(repr(moment)))) == moment
