"""What people read of an alert: nothing of a trace calls anybody, leads elsewhere or breaks the lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerting.alerts import HOUR, NOW, firing, resolved
from tracehub.alerting.messages import MOST_TOLD, harmless, words_of
from tracehub.model.alert import Severity
from tracehub.model.notification import Message

URL = "https://traces.example/"


def message(*alerts: object, **changes: object) -> Message:
    given: dict[str, object] = {"labels": {"alertname": "Tool errors"}, "resolved": (), "again": False}
    return Message(firing=tuple(alerts), **(given | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "@channel",
        "@here now",
        "<!here>",
        "<@U024BE7LH>",
        "<users/all>",
        "@**all**",
        "<at>x</at>",
        "@ada",
        "(@everyone)",
    ],
)
def test_nothing_calls_anybody(text: str) -> None:
    said = harmless(text)
    assert said != text
    assert said.replace("\N{WORD JOINER}", "") == text


@pytest.mark.parametrize("text", ["[safe](https://evil.example)", "<https://evil.example|safe>"])
def test_no_link_has_another_text(text: str) -> None:
    assert text not in harmless(text)


@pytest.mark.parametrize("text", ["ada@example.com", "a < b and c <= 3", "array[0]", "f(x) = [1]"])
def test_what_means_nothing_to_chats_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@given(st.text())
def test_any_text_stays_on_one_short_line(text: str) -> None:
    said = harmless(text)
    assert len(said) <= 300
    assert said.isprintable() or not said.splitlines()[1:]
    assert not {sign for sign in said if sign < " "}


def test_without_a_public_address_links_are_left_out_and_that_is_said_once() -> None:
    text = words_of(message(firing(1), firing(2)), None).text
    assert text.count("TRACEHUB_PUBLIC_URL") == 1
    assert "/alerts/" not in text
    assert "https://wiki.example/tools" in text


def test_a_message_counts_what_it_does_not_name() -> None:
    alerts = [firing(number) for number in range(MOST_TOLD + 7)]
    assert "… and 57 more." in words_of(message(*alerts, others=50), URL).text


def test_a_subject_says_how_many_fire_and_how_many_are_over() -> None:
    over = resolved(firing(3), NOW + HOUR)
    said = words_of(message(firing(1), firing(2), resolved=(over,)), URL)
    assert said.subject == "[2 firing and Resolved] Tool errors"
    assert words_of(message(firing(1), again=True), URL).subject.startswith("[Still firing] Tool error rate")
    assert (said.kind, words_of(message(resolved=(over,)), URL).kind) == ("failure", "success")
    assert words_of(message(firing(severity=Severity.WARNING)), URL).kind == "warning"
