"""The login's cookie and its patience."""

import pytest

from tests.serving import serving
from tracehub.web.safety.attempts import ATTEMPTS, MOST_ADDRESSES, WITHIN_US, Attempts
from tracehub.web.safety.authentication import cookie_for

KEY = "a-key-of-sixteen-characters-or-more"
OTHER_KEY = "another-key-of-enough-characters"


def test_over_tls_the_cookie_is_tied_to_this_host(sqlite_url: str) -> None:
    with serving(sqlite_url, api_keys=KEY) as server:
        answer = server.client.post("/login", data={"key": KEY}, headers={"X-Forwarded-Proto": "https"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-tracehub=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))


def test_expired_changed_and_foreign_cookies_are_strangers(sqlite_url: str) -> None:
    with serving(sqlite_url, api_keys=KEY) as server:
        now = 4_000_000_000_000_000
        good = cookie_for(KEY, now)
        longer = good.replace("4", "5", 1)
        expired = cookie_for(KEY, 1_000_000_000_000_000)
        for cookie, status in (
            (good, 200),
            (longer, 401),
            (expired, 401),
            (cookie_for(OTHER_KEY, now), 401),
            ("", 401),
            ("٣.x", 401),
        ):
            headers = {b"Cookie": f"tracehub={cookie}".encode()}
            assert server.client.get("/api/v1/sessions", headers=headers).status_code == status, cookie


def test_attempts_are_counted_by_address_and_forgiven_with_time() -> None:
    attempts = Attempts()
    assert [attempts.allow("10.0.0.1", 0) for _ in range(ATTEMPTS + 1)] == [True] * ATTEMPTS + [False]
    assert attempts.allow("10.0.0.2", 0)
    assert not attempts.allow("10.0.0.1", WITHIN_US - 1)
    assert attempts.allow("10.0.0.1", WITHIN_US)


def test_the_addresses_of_one_ipv6_network_are_one_guesser() -> None:
    attempts = Attempts()
    answers = [attempts.allow(f"2001:db8::{number:x}", 0) for number in range(1, ATTEMPTS + 2)]
    assert answers == [True] * ATTEMPTS + [False]
    assert attempts.allow("2001:db8:0:1::1", 0)
    assert attempts.allow("::ffff:10.0.0.1", 0)


@pytest.mark.parametrize("others", [1, MOST_ADDRESSES - 1])
def test_other_addresses_do_not_free_a_guesser(others: int) -> None:
    attempts = Attempts()
    for _ in range(ATTEMPTS):
        attempts.allow("guesser", 0)
    for number in range(others):
        attempts.allow(f"other {number}", 0)
    assert not attempts.allow("guesser", 0)
