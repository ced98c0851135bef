"""The lists of alerts for machines hold what the pages hold, and no secret."""

from collections.abc import Iterator

import pytest

from tests.serving import Server, serving
from tests.web.alerts.made import an_alert
from tracehub.alerting.suggested import SUGGESTED
from tracehub.store import alert_rules, alert_silences, alerts
from tracehub.web.alerts.muting import silence_of

LISTS = ("/alerts", "/alerts/rules", "/alerts/silences", "/alerts/notifications")


@pytest.fixture
def server(sqlite_url: str) -> Iterator[Server]:
    with serving(sqlite_url, collect=False) as running:
        with running.app.database.writing() as connection:
            alerts.save(connection, [an_alert(1)])
            alert_rules.declare(connection, SUGGESTED[0], declared_in="ui", now=1)
            silence = silence_of(an_alert(1), "7d", silence_id="a" * 32, author="ana", now=2_000_000_000_000_000)
            alert_silences.save(connection, silence)
        yield running


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("ending", ["json", "ndjson", "csv", "md"])
def test_every_list_has_its_twins(server: Server, path: str, ending: str) -> None:
    answer = server.client.get(f"{path}.{ending}")
    assert answer.status_code == 200
    assert "sandbox" in answer.headers["content-security-policy"] or ending == "json"


def test_an_alert_has_its_times_and_a_rule_its_words(server: Server) -> None:
    alert = server.client.get("/alerts.json").json()["items"][0]
    assert (alert["state"], alert["fired_at"]) == ("firing", "2026-11-18T10:54:40.000000Z")
    rule = server.client.get("/alerts/rules.json").json()["items"][0]
    assert (rule["name"], rule["above"], rule["last_error"]) == ("A tool fails", "20%", None)


def test_a_list_that_cannot_be_understood_is_refused(server: Server) -> None:
    assert server.client.get("/alerts/notifications.json?state=lost").status_code == 400
    assert server.client.get("/alerts.xml").status_code == 404
