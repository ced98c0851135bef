"""Whatever stands in an address is answered: by a page, or by the words that there is none."""

from collections.abc import Iterator

import pytest

from tests.serving import Server, serving
from tests.web.alerts.made import an_alert
from tracehub.model.rule_words import read_rule
from tracehub.store import alert_rules, alerts
from tracehub.web.pages import addresses

NAMES = ("new", "suggested", "a/b", "100 % of it", "..", "x.json", "Größe: ä+b, (c)", "a//b @ c")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('addresses') / 'x.db'}", collect=False) as running:
        with running.app.database.writing() as connection:
            alerts.save(connection, [an_alert(1)])
            for name in NAMES:
                if name != "..":
                    rule = read_rule({"name": name, "measure": "tool_error_rate", "above": "5%"})
                    alert_rules.declare(connection, rule, declared_in="ui", now=1)
        yield running


@pytest.mark.parametrize("name", [name for name in NAMES if name != ".."])
def test_a_rule_of_any_name_has_its_page_and_is_paused_and_removed(server: Server, name: str) -> None:
    at = addresses.alert_rule(name)
    assert f"<h1><bdi>{name}</bdi></h1>" in server.client.get(at).text
    assert server.client.get(f"{at}/edit").status_code == 200
    assert server.client.post(f"{at}/pause").status_code == 303
    assert server.client.post(f"{at}/remove").status_code == 303
    assert server.client.get(at).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_names_come_back_from_addresses(name: str) -> None:
    for address, place in ((addresses.alert_rule(name), "rules"), (addresses.alert_channel(name), "channels")):
        assert address.startswith(f"/alerts/{place}/")
    assert addresses.named(addresses.alert_rule("new").rpartition("/")[2]) == "new"


@pytest.mark.parametrize("wrong", ["0123", "abc", "nothing", "0" * 33, "%00", "é"])
def test_an_id_that_is_none_is_not_found(server: Server, wrong: str) -> None:
    for path in (f"/alerts/{wrong}", f"/alerts/silences/new?alert={wrong}"):
        assert server.client.get(path).status_code in (400, 404), path
    for path in (
        f"/alerts/{wrong}/mute",
        f"/alerts/silences/{wrong}/end",
        f"/alerts/notifications/{wrong}/again",
        f"/alerts/channels/{wrong}/test",
    ):
        assert server.client.post(path, data={"for": "1h"}).status_code in (400, 404), path


def test_an_alert_is_muted_only_for_times_that_are_offered(server: Server) -> None:
    assert server.client.post(f"/alerts/{1:032x}/mute", data={"for": "1y"}).status_code == 400
    assert server.client.post(f"/alerts/{1:032x}/mute", data={"for": "1h"}).status_code == 303


def test_another_sites_page_silences_nothing(server: Server) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = server.client.post(f"/alerts/{1:032x}/mute", data={"for": "1h"}, headers=headers)
    assert answer.status_code == 403


def test_a_rule_of_a_file_is_changed_there(server: Server) -> None:
    with server.app.database.writing() as connection:
        rule = read_rule({"name": "of a file", "measure": "tool_error_rate", "above": "5%"})
        alert_rules.declare(connection, rule, declared_in="file", now=1)
    assert server.client.get("/alerts/rules/of%20a%20file/edit").status_code == 409
    assert server.client.post("/alerts/rules/of%20a%20file/remove").status_code == 409
