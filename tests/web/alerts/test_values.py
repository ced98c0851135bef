"""Values are said in their units, and what is not known is a dash."""

import pytest

from tracehub.model.measure import Unit
from tracehub.web.alerts import places
from tracehub.web.alerts.values import Scale, in_unit, samples_of, title_of


@pytest.mark.parametrize(
    ("value", "scale", "said"),
    [
        (None, Unit.SHARE, "—"),
        (0.0, Unit.SHARE, "0 %"),
        (0.00004, Unit.SHARE, "< 0.01 %"),
        (0.05, Unit.SHARE, "5 %"),
        (0.3415, Unit.SHARE, "34.2 %"),
        (0.9995, Unit.SHARE, "99.95 %"),
        (1.0, Unit.SHARE, "100 %"),
        (10.1152, Unit.SHARE, "1,012 %"),
        (2.5, Unit.SECONDS, "2.50 s"),
        (1800.0, Unit.SECONDS, "30 m 00 s"),
        (25.0, Unit.USD, "$25.00"),
        (0.0, Unit.USD, "$0"),
        (123_456.7, Unit.TOKENS, "123,457"),
        (0.5, Unit.COUNT, "0.5"),
        (14.4, "times", "14.4×"),
    ],
)
def test_a_value_is_said_in_its_unit(value: float | None, scale: Scale, said: str) -> None:
    assert in_unit(value, scale) == said


def test_a_measure_of_a_newer_version_is_said_by_its_word() -> None:
    assert title_of("moon_phase") == "moon_phase"
    assert samples_of("moon_phase", 3) == "3"
    assert samples_of("tool_error_rate", None) == "—"


@pytest.mark.parametrize(
    ("address", "followed"),
    [
        ("https://example.com/x", True),
        ("http://10.0.0.1/x", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://", False),
        ("//example.com", False),
        ("http://[", False),
    ],
)
def test_only_addresses_of_the_web_are_followed(address: str, followed: bool) -> None:
    found = places.outside(address)
    assert found is not None
    assert (found.href is not None) is followed
