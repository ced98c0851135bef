"""Sealed secrets open only under the same master and in their own place."""

import pytest

from tracehub.errors import PermanentError
from tracehub.sealing import Sealer

MASTER = b"m" * 32


def test_what_was_sealed_can_be_opened_again() -> None:
    sealer = Sealer(MASTER)
    assert sealer.open(sealer.seal("s3cret ü", "channel/a"), "channel/a") == "s3cret ü"


def test_no_two_seals_of_one_secret_are_alike() -> None:
    sealer = Sealer(MASTER)
    assert sealer.seal("s3cret", "channel/a") != sealer.seal("s3cret", "channel/a")


@pytest.mark.parametrize(
    ("master", "place"), [(b"n" * 32, "channel/a"), (MASTER, "channel/b")], ids=["other master", "other place"]
)
def test_a_seal_opens_nowhere_else(master: bytes, place: str) -> None:
    sealed = Sealer(MASTER).seal("s3cret", "channel/a")
    with pytest.raises(PermanentError, match="TRACEHUB_SECRET_KEY"):
        Sealer(master).open(sealed, place)


def test_a_torn_seal_is_refused_in_words() -> None:
    sealer = Sealer(MASTER)
    with pytest.raises(PermanentError, match="channel/a"):
        sealer.open(sealer.seal("s3cret", "channel/a")[:9], "channel/a")
