"""Makes key ids, and the secrets that follow from them, so that no database holds a secret."""

import base64
import hmac

ID_LENGTH = 20
_PREFIX = "TH"


def new_key_id(entropy: bytes) -> str:
    """An access key id out of at least 12 random bytes: `TH` and 18 upper-case letters and digits, as SDKs take it."""
    return _PREFIX + base64.b32encode(entropy).decode()[: ID_LENGTH - len(_PREFIX)]


def secret_of(master: bytes, key_id: str, generation: int) -> str:
    """The secret of one generation of a key: 40 characters, as long as AWS's own."""
    made = hmac.digest(master, b"tracehub proxy key|%b|%d" % (key_id.encode(), generation), "sha256")
    return base64.b64encode(made[:30]).decode()


def fingerprint_of(master: bytes, key_id: str) -> str:
    """Tells master secrets apart without telling anything of them: 32 hex digits."""
    return hmac.digest(master, b"tracehub proxy key fingerprint|" + key_id.encode(), "sha256")[:16].hex()
