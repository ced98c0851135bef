"""Keys for tests."""

from tracehub.model.proxy_key import KeyTerms, ProxyKey
from tracehub.proxy.derivation import fingerprint_of

NOW = 1_790_000_000_000_000
SECOND = 1_000_000
MASTER = b"a master secret of 32 characters"
KEY_ID = "THABCDEFGHIJKLMNOPQR"


def key(
    terms: KeyTerms | None = None,
    *,
    key_id: str = KEY_ID,
    generation: int = 1,
    overlap_until: int | None = None,
    revoked_at: int | None = None,
    master: bytes = MASTER,
) -> ProxyKey:
    """A key made just now."""
    return ProxyKey(
        key_id=key_id,
        terms=terms or KeyTerms(name="orders"),
        generation=generation,
        fingerprint=fingerprint_of(master, key_id),
        overlap_until=overlap_until,
        created_at=NOW,
        revoked_at=revoked_at,
        last_used_at=None,
    )
