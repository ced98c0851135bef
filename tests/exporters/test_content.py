"""Content leaves only where a destination asks for it, and what is shortened stays what it was."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exporters.example import CANARY, example
from tests.exporters.reading import attributes_of, json_in, span_named, spans_of, texts_of
from tracehub.exporters.mapping import resource_spans, without_content
from tracehub.exporters.shortening import LEAST, json_text, shortened, shortened_text
from tracehub.exporters.terms import Content, Dialect, Profile, Terms
from tracehub.model.trace import Trace

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=20), inner, max_size=8),
    max_leaves=40,
)


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("dialect", Dialect)
def test_with_content_off_nothing_that_anybody_said_leaves(profile: Profile, dialect: Dialect) -> None:
    exported = resource_spans(example(), Terms(profile=profile, dialect=dialect))
    assert [text for text in texts_of(exported) if CANARY in text] == []


@pytest.mark.parametrize("dialect", Dialect)
def test_stripping_leaves_of_what_was_said_only_how_it_failed(dialect: Dialect) -> None:
    exported = resource_spans(example(), Terms(dialect=dialect, content=Content.FULL))
    stripped = [without_content(each) for each in exported]
    assert {text for text in texts_of(stripped) if CANARY in text} == {CANARY}
    assert {span.name for span in spans_of(stripped) if CANARY in span.status.message} == {
        "execute_tool Rooms__pay",
        "execute_tool code_interpreter",
    }


def test_stripping_changes_neither_what_it_is_given_nor_what_has_no_content() -> None:
    exported = resource_spans(example(), Terms(content=Content.FULL))
    before = [each.SerializeToString() for each in exported]
    assert [without_content(each) for each in exported] != list(exported)
    assert [each.SerializeToString() for each in exported] == before
    bare = resource_spans(example(), Terms())
    assert [without_content(each) for each in bare] == list(bare)


def test_content_in_full_is_all_of_it() -> None:
    long = "é" * 100_000
    root = spans_of(resource_spans(_asking(long), Terms(content=Content.FULL)))[-1]
    assert json_in(root, "gen_ai.input.messages")[0]["parts"][0]["content"] == long
    assert "tracehub.content.truncated" not in attributes_of(root.attributes)


def test_truncated_content_says_so() -> None:
    exported = resource_spans(_asking("a" * 1000), Terms(content=Content.TRUNCATED, content_chars=200))
    root = spans_of(exported)[-1]
    [message] = json_in(root, "gen_ai.input.messages")
    assert message["parts"][0]["content"] == "a" * 108 + "…"
    assert attributes_of(root.attributes)["tracehub.content.truncated"] is True


def test_datadog_never_gets_an_attribute_that_it_would_cut() -> None:
    exported = resource_spans(_asking("a" * 100_000), Terms(dialect=Dialect.DATADOG, content=Content.FULL))
    root = spans_of(exported)[-1]
    assert 10_000 < len(attributes_of(root.attributes)["gen_ai.input.messages"]) <= 24_000
    assert json_in(root, "gen_ai.input.messages")[0]["parts"][0]["content"].endswith("a…")


def test_letters_that_no_encoding_holds_become_question_marks() -> None:
    trace = _asking("a\ud800b")
    exported = resource_spans(trace, Terms(content=Content.FULL, resource_attributes={"team": "\udfff"}))
    assert json_in(spans_of(exported)[-1], "gen_ai.input.messages")[0]["parts"][0]["content"] == "a?b"
    tool = span_named(exported, "execute_tool Rooms__book")
    assert attributes_of(tool.attributes)["gen_ai.tool.call.result"] == '{"error":"canary"}'


def test_deep_nesting_is_written_as_far_as_it_goes() -> None:
    value: object = "x"
    for _ in range(20_000):
        value = [value]
    assert json.loads(json_text({"a": value}))
    assert len(shortened({"a": value}, 40)) <= 40


@given(_JSON, st.integers(LEAST, 400))
def test_shortened_json_is_json_and_short_enough(value: object, chars: int) -> None:
    text = shortened(value, chars)
    json.loads(text)
    if isinstance(value, str | dict | list):
        assert len(text) <= chars


@given(st.lists(st.dictionaries(st.sampled_from(["role", "content"]), st.text(max_size=300)), max_size=30))
def test_the_last_messages_are_kept_longest(messages: list[dict[str, str]]) -> None:
    kept = json.loads(shortened(messages, 500))
    assert [list(message) for message in kept] == [list(message) for message in messages[len(messages) - len(kept) :]]


@given(st.text(), st.integers(1, 50))
def test_shortened_text_is_the_beginning(text: str, chars: int) -> None:
    short = shortened_text(text, chars)
    assert len(short) <= chars
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def _asking(question: str) -> Trace:
    trace = example()
    root = msgspec.structs.replace(trace.spans[0], input=question)
    return msgspec.structs.replace(trace, spans=(root, *trace.spans[1:]))
