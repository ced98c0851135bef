"""Prompts read once give what they give each by itself."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.exporters.assembled import captured_traces, demo_traces
from tracehub.foundation.history import History
from tracehub.foundation.message_parts import Message
from tracehub.foundation.prompts import messages
from tracehub.model.span import ModelSpan
from tracehub.model.trace import Trace

_TEXTS = st.sampled_from(["", "hello", "[{text=a, type=text}]", "<thinking>x</thinking>y", "\ud800"])
_CONTENTS = _TEXTS | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": _TEXTS}), max_size=2)
_TURNS = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": _CONTENTS}) | st.integers()
_REQUESTS = st.fixed_dictionaries(
    {},
    optional={"system": _CONTENTS, "messages": st.none() | st.lists(_TURNS, max_size=4), "temperature": st.integers()},
)


def itself(message: Message) -> Message:
    return message


@given(st.lists(_REQUESTS.map(json.dumps) | st.sampled_from(["\n\nHuman: a\n\nAssistant:", "plain", "{", "[1]"])))
def test_any_prompts(prompts: list[str]) -> None:
    history = History(itself)
    assert [history.of(prompt) for prompt in prompts] == [list(messages(prompt)) for prompt in prompts]


def test_prompts_of_captures_and_of_the_demo(corpus_dir: Path) -> None:
    traces: list[Trace] = [trace for _, trace in captured_traces(corpus_dir)] + list(demo_traces(10))
    for trace in traces:
        history = History(itself)
        for span in trace.spans:
            if isinstance(span, ModelSpan) and span.input:
                assert history.of(span.input) == list(messages(span.input))


def test_a_message_that_is_repeated_is_told_once() -> None:
    told: list[Any] = []
    history = History(told.append)
    first = {"role": "user", "content": "a"}
    history.of(json.dumps({"system": "s", "messages": [first]}))
    history.of(json.dumps({"system": "s", "messages": [first, {"role": "assistant", "content": "b"}]}))
    assert [message.role for message in told] == ["system", "user", "assistant"]
