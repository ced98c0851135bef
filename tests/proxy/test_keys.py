"""A key gives its secrets while it is good, and lets its caller do what it says."""

import base64
import re
from collections.abc import Sequence

import msgspec
import pytest

from tests.proxy.making import KEY_ID, MASTER, NOW, SECOND, key
from tracehub.errors import PermanentError
from tracehub.model.proxy_key import IssuedKey, KeyTerms, ProxyKey, lasting, read_terms
from tracehub.proxy.derivation import fingerprint_of, new_key_id, secret_of
from tracehub.proxy.keys import Keys, may, require
from tracehub.proxy.rate import Rates
from tracehub.proxy.signing.refusals import RefusedError

FIRST = secret_of(MASTER, KEY_ID, 1).encode()
SECOND_SECRET = secret_of(MASTER, KEY_ID, 2).encode()


def test_ids_and_secrets_look_as_sdks_take_them() -> None:
    assert re.fullmatch("TH[A-Z2-7]{18}", new_key_id(bytes(range(12))))
    assert new_key_id(b"\xff" * 15) != new_key_id(b"\xfe" * 15)
    secret = secret_of(MASTER, KEY_ID, 1)
    assert len(secret) == 40
    assert len(base64.b64decode(secret)) == 30


def test_secrets_differ_by_master_key_and_generation_and_fingerprints_by_master_and_key() -> None:
    secrets = {secret_of(m, k, g) for m in (MASTER, b"x" * 32) for k in (KEY_ID, "THZ") for g in (1, 2, 11)}
    assert len(secrets) == 12
    assert len({fingerprint_of(m, k) for m in (MASTER, b"x" * 32) for k in (KEY_ID, "THZ")}) == 4


def test_an_issued_key_does_not_show_its_secret_where_it_is_printed() -> None:
    issued = IssuedKey(key=key(), secret="shown once")
    assert "shown once" not in repr(issued)
    assert "shown once" not in f"{[issued]}"


def test_only_loaded_keys_that_are_good_have_secrets() -> None:
    held = _keys(
        key(),
        key(KeyTerms(name="ends", expires_at=NOW + SECOND), key_id="THENDS"),
        key(key_id="THGONE", revoked_at=NOW),
    )
    assert held.secrets_of(KEY_ID, NOW) == (FIRST,)
    assert len(held.secrets_of("THENDS", NOW)) == 1
    assert held.secrets_of("THENDS", NOW + SECOND) == ()
    assert held.secrets_of("THGONE", NOW) == held.secrets_of("THNONE", NOW) == ()
    held.load([])
    assert held.secrets_of(KEY_ID, NOW) == ()
    with pytest.raises(RefusedError, match="security token"):
        held.one(KEY_ID)


def test_two_secrets_are_good_while_a_rotation_overlaps() -> None:
    held = _keys(key(generation=2, overlap_until=NOW + SECOND))
    assert held.secrets_of(KEY_ID, NOW) == (SECOND_SECRET, FIRST)
    assert held.secrets_of(KEY_ID, NOW + SECOND) == (SECOND_SECRET,)


def test_keys_that_cannot_be_loaded_leave_those_that_were() -> None:
    def master_of(rows: Sequence[ProxyKey]) -> bytes:
        if any(row.key_id == "THBAD" for row in rows):
            raise PermanentError
        return MASTER

    held = Keys(master_of)
    held.load([key()])
    with pytest.raises(PermanentError):
        held.load([key(), key(key_id="THBAD")])
    assert held.secrets_of(KEY_ID, NOW) == (FIRST,)


def test_no_master_secret_is_asked_for_where_there_are_no_keys() -> None:
    def master_of(_: Sequence[ProxyKey]) -> bytes:
        raise AssertionError

    Keys(master_of).load([key(revoked_at=NOW)])


def test_uses_are_handed_over_once() -> None:
    held = _keys(key())
    held.used(KEY_ID, NOW)
    held.used(KEY_ID, NOW + 1)
    assert held.take_uses() == {KEY_ID: NOW + 1}
    assert held.take_uses() == {}


@pytest.mark.parametrize(
    ("terms", "operation", "agent", "alias", "allowed"),
    [
        (KeyTerms(name="k"), "Retrieve", None, None, True),
        (KeyTerms(name="k"), None, None, None, True),
        (KeyTerms(name="k", agents=("A",)), "InvokeAgent", "A", "X", True),
        (KeyTerms(name="k", agents=("A",)), "InvokeAgent", "B", "X", False),
        (KeyTerms(name="k", agents=("A",)), "InvokeAgent", "a", "X", False),
        (KeyTerms(name="k", agents=("A",)), "InvokeInlineAgent", None, None, False),
        (KeyTerms(name="k", aliases=("X",)), "InvokeAgent", "A", "X", True),
        (KeyTerms(name="k", aliases=("X",)), "InvokeAgent", "A", "Y", False),
        (KeyTerms(name="k", operations=("InvokeAgent",)), "InvokeAgent", "A", "X", True),
        (KeyTerms(name="k", operations=("InvokeAgent",)), "Retrieve", None, None, False),
        (KeyTerms(name="k", operations=("InvokeAgent",)), None, "A", "X", False),
        (KeyTerms(name="k", operations=("InvokeAgent",), agents=("A",), aliases=("X",)), "InvokeAgent", "A", "X", True),
    ],
)
def test_a_call_has_to_fit_every_limit(
    terms: KeyTerms, operation: str | None, agent: str | None, alias: str | None, allowed: bool
) -> None:
    limited = key(terms)
    assert may(limited, operation, agent, alias) is allowed
    if allowed:
        require(limited, operation, agent, alias)
        return
    with pytest.raises(RefusedError, match="is not authorized to perform: bedrock:") as refused:
        require(limited, operation, agent, alias)
    assert (refused.value.status, refused.value.code) == (403, "AccessDeniedException")


def test_a_rate_allows_a_second_at_once_and_then_what_has_come_in() -> None:
    rates = Rates()
    limited = key(KeyTerms(name="k", requests_per_second=3))
    times = [NOW] * 5 + [NOW + SECOND // 3 + 1] * 2 + [NOW + 10 * SECOND] * 5
    assert [_taken(rates, limited, at) for at in times] == [
        *(True, True, True, False, False),
        *(True, False),
        *(True, True, True, False, False),
    ]


def test_a_rate_below_one_a_second_still_lets_one_through() -> None:
    rates = Rates()
    limited = key(KeyTerms(name="k", requests_per_second=0.1))
    assert [_taken(rates, limited, NOW + s * SECOND) for s in (0, 5, 9, 11, 12)] == [True, False, False, True, False]


def test_rates_are_each_keys_own_and_a_clock_that_goes_back_gives_nothing() -> None:
    rates = Rates()
    one, other = (key(KeyTerms(name="k", requests_per_second=1), key_id=name) for name in ("THONE", "THOTHER"))
    assert _taken(rates, one, NOW)
    assert _taken(rates, other, NOW)
    assert [_taken(rates, one, at) for at in (NOW - 99 * SECOND, NOW)] == [False, False]
    assert all(_taken(rates, key(), NOW) for _ in range(1000))


def test_too_many_are_refused_as_aws_throttles() -> None:
    rates = Rates()
    limited = key(KeyTerms(name="k", requests_per_second=1))
    rates.take(limited, NOW)
    with pytest.raises(RefusedError) as refused:
        rates.take(limited, NOW)
    assert (refused.value.status, refused.value.code) == (429, "ThrottlingException")


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "line\nbreak"}, "name"),
        ({"name": "ends\n"}, "name"),
        ({"name": "k", "agents": "A"}, "agents"),
        ({"name": "k", "agents": [""]}, "agents"),
        ({"name": "k", "operations": ["invoke agent"]}, "operations"),
        ({"name": "k", "requests_per_second": 0}, "requests_per_second"),
        ({"name": "k", "requests_per_second": -1}, "requests_per_second"),
        ({"name": "k", "region": "Frankfurt; rm"}, "region"),
        ({"name": "k", "region": "eu-west-1\n"}, "region"),
        ({"name": "k", "role_arn": "admin"}, "role_arn"),
        ({"name": "k", "external_id": "x1"}, "no role_arn"),
        ({"name": "k", "colour": "red"}, "colour"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_name(said: dict[str, object], wrong: str) -> None:
    with pytest.raises(PermanentError, match=wrong):
        read_terms(said)


def test_lengths_of_time_are_read() -> None:
    assert [lasting(text) // SECOND for text in ("0s", "90d", "24h", "30m", "2w")] == [0, 7776000, 86400, 1800, 1209600]
    for text in ("", "90", "d", "-1d", "1.5h", "999999d", "1 d"):
        with pytest.raises(PermanentError, match="is not a length of time"):
            lasting(text)


def _keys(*rows: ProxyKey) -> Keys:
    held = Keys(lambda _: MASTER)
    held.load([msgspec.structs.replace(row) for row in rows])
    return held


def _taken(rates: Rates, limited: ProxyKey, now: int) -> bool:
    try:
        rates.take(limited, now)
    except RefusedError:
        return False
    return True
