"""Seals secrets that must be used again, such as a webhook's key: stored, they are worth nothing without the master."""

import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tracehub.errors import PermanentError

_VERSION = b"\x01"
_NONCE = 12


class Sealer:
    """Seals under a key that follows from the master secret (at least 32 bytes). AES-256-GCM, NIST SP 800-38D."""

    def __init__(self, master: bytes, *, random: Callable[[int], bytes] = os.urandom) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"tracehub/sealing/1").derive(master))
        self._random = random

    def seal(self, text: str, place: str) -> bytes:
        """The text, sealed for one `place` (such as `channel/on call`): it can be opened nowhere else."""
        nonce = self._random(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """What was sealed; PermanentError where it was sealed under another master or for another place."""
        if sealed[:1] != _VERSION:
            msg = f"the secret of {place} was sealed by a newer tracehub"
            raise PermanentError(msg)
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._cipher.decrypt(nonce, rest, place.encode()).decode()
        except (InvalidTag, ValueError):
            msg = f"the secret of {place} was sealed under another TRACEHUB_SECRET_KEY: put that back, or enter it anew"
            raise PermanentError(msg) from None
