"""Days of the demo's traffic, arriving: every incident is told once at each receiver, and ends, and nothing else is."""

import pytest

from tests.alerting.arriving import expected, judge, judge_told, rules, seen_in

# So few hold one incident of each kind.
DAYS = 6


def test_what_is_planted_in_the_demos_traffic_is_told_once_at_every_receiver(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    incidents = expected(DAYS)
    assert {each.rule for each in incidents} == {rule.name for rule in rules()}
    seen, _ = seen_in(sqlite_url, DAYS, incidents)
    assert judge(incidents, seen.episodes) == []
    assert judge_told(seen) == []
