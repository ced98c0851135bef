"""The number in the header: asked for seldom, and never in the way of a page."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from tests.serving import serving
from tests.stores import migrated
from tests.web.alerts.made import NOW, an_alert
from tracehub.errors import StoreUnavailableError
from tracehub.model.alert import AlertState
from tracehub.store import alert_silences, alerts
from tracehub.web.alert_badge import FRESH_SECONDS, Badge
from tracehub.web.alerts.muting import silence_of


def test_it_counts_what_fires(database_url: str) -> None:
    with migrated(database_url) as database:
        with database.writing() as connection:
            alerts.save(connection, [an_alert(1), an_alert(2), an_alert(3, state=AlertState.PENDING)])
        assert Badge(database.reading, lambda: NOW).firing() == 2


def test_it_leaves_out_what_is_silenced(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database:
        with database.writing() as connection:
            alerts.save(connection, [an_alert(1), an_alert(2, labels={"alertname": "Slow tools"})])
            silence = silence_of(an_alert(1), "1h", silence_id="a" * 32, author="ana", now=NOW)
            alert_silences.save(connection, silence)
        assert Badge(database.reading, lambda: NOW).firing() == 1


def test_it_asks_again_only_after_a_while(sqlite_url: str) -> None:
    now = [0.0]
    with migrated(sqlite_url) as database:
        badge = Badge(database.reading, lambda: NOW, lambda: now[0])
        assert badge.firing() == 0
        with database.writing() as connection:
            alerts.save(connection, [an_alert(1)])
        assert badge.firing() == 0
        now[0] += FRESH_SECONDS
        assert badge.firing() == 1


def test_without_a_database_it_says_what_it_knew() -> None:
    @contextmanager
    def unreachable() -> Iterator[Connection]:
        if FRESH_SECONDS:
            raise StoreUnavailableError("gone")
        yield  # type: ignore[misc]

    assert Badge(unreachable, lambda: NOW).firing() == 0


def test_every_page_says_how_many_fire(sqlite_url: str) -> None:
    with serving(sqlite_url, collect=False) as server:
        with server.app.database.writing() as connection:
            alerts.save(connection, [an_alert(1), an_alert(2)])
        for path in ("/sessions", "/live", "/tools", "/sources", "/help", "/quarantine"):
            text = server.client.get(path, headers={"Accept": "text/html"}).text
            assert '<span class="count">2<span class="vh"> firing</span></span>' in text, path
        assert "firing" not in server.client.get("/login").text
