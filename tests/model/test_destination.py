"""Destinations are declared in a few words, read back in the same, and refused in words that help."""

import pytest

from tracehub.errors import PermanentError
from tracehub.model.destination import address_of, read_destination, usual_headers, words_of

DATADOG = {
    "name": "datadog",
    "endpoint": "https://otlp.datadoghq.com",
    "dialect": "datadog",
    "headers": {"dd-api-key": "env:DD_API_KEY"},
}


def test_datadog_needs_four_lines() -> None:
    destination = read_destination(DATADOG)
    assert address_of(destination, "traces") == "https://otlp.datadoghq.com/v1/traces"
    assert address_of(destination, "metrics") == "https://otlp.datadoghq.com/v1/metrics"
    assert usual_headers(destination, "traces") == {"dd-otlp-source": "llmobs", "compute_stats": "true"}
    assert destination.max_age_us == 63_000_000_000
    assert words_of(destination) == DATADOG


def test_an_endpoint_of_one_signal_is_taken_word_for_word() -> None:
    declared = {"name": "tempo", "endpoint": "http://tempo:4318/otlp/", "metrics_endpoint": "http://mimir/api/v1/push"}
    destination = read_destination(declared)
    assert address_of(destination, "traces") == "http://tempo:4318/otlp/v1/traces"
    assert address_of(destination, "metrics") == "http://mimir/api/v1/push"
    assert (usual_headers(destination, "traces"), destination.max_age_us) == ({}, None)


def test_what_was_declared_is_told_in_the_same_words() -> None:
    declared = {
        "name": "two",
        "endpoint": "http://collector:4318",
        "content": "truncated",
        "filter": {"agents": ["A1"], "outcomes": ["failed"]},
        "sampling": {"share": 0.1, "slower_than_seconds": 20.0},
        "max_age_hours": 2.0,
        "resource_attributes": {"team": "claims"},
    }
    assert words_of(read_destination(declared)) == declared


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"endpoint": "otlp.datadoghq.com"}, "begin with http"),
        ({"endpoint": "https://me:secret@host"}, "hold no password"),
        ({"endpoint": "https://host/?key=1"}, "without a query"),
        ({"traces_endpoint": "ftp://host"}, "traces_endpoint must begin"),
        ({"headers": {"Content-Type": "x"}}, "tracehub's to write"),
        ({"headers": {"key": "a\r\nb: c"}}, "cannot be sent"),
        ({"headers": {"": "a"}}, "headers"),
        ({"content": "some"}, "content"),
        ({"endpoints": "x"}, "endpoints"),
        ({"sampling": {"share": 2}}, "share"),
        ({"filter": {"outcomes": ["bad"]}}, "outcomes"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(changed: dict[str, object], said: str) -> None:
    with pytest.raises(PermanentError, match=said) as refused:
        read_destination({**DATADOG, **changed})
    assert "datadog" in str(refused.value)
    assert "secret" not in str(refused.value)
