"""Finds the master secret that all keys follow from: the setting, else a file that only its owner can read."""

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from tracehub.errors import PermanentError
from tracehub.model.proxy_key import ProxyKey
from tracehub.proxy.derivation import fingerprint_of
from tracehub.settings import Settings

LEAST = 32
_OPEN_TO_OTHERS = stat.S_IRWXO | stat.S_IWGRP


def master_for(settings: Settings, keys: Sequence[ProxyKey], *, random: Callable[[int], bytes] = os.urandom) -> bytes:
    """The master secret of these keys, made where there is neither one nor a key that needs it.

    PermanentError where it is missing, is not the one that a key was made under, or can be read by others. Revoked keys
    need none.
    """
    live = [key for key in keys if key.revoked_at is None]
    master = _known(settings)
    if master is None:
        if live:
            msg = (
                f"the secret that {_named(live)} were made under is missing: set TRACEHUB_SECRET_KEY, or put back "
                f"{settings.secret_key_file}; or revoke them"
            )
            raise PermanentError(msg)
        # Where another process was faster, its secret is the one.
        return _made(settings.secret_key_file, random) or master_for(settings, keys, random=random)
    if foreign := [key for key in live if key.fingerprint != fingerprint_of(master, key.key_id)]:
        where = "TRACEHUB_SECRET_KEY" if settings.secret_key else str(settings.secret_key_file)
        msg = (
            f"{where} is not the secret that {_named(foreign)} were made under, so their callers would be refused: "
            "put back that secret, or revoke them"
        )
        raise PermanentError(msg)
    return master


def _known(settings: Settings) -> bytes | None:
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    file = settings.secret_key_file
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(64 * 1024).strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        msg = f"TRACEHUB_SECRET_KEY_FILE: {file} cannot be read: {error.strerror}"
        raise PermanentError(msg) from error
    if mode & _OPEN_TO_OTHERS:
        msg = f"TRACEHUB_SECRET_KEY_FILE: others can read or change {file}: chmod 600 {file}"
        raise PermanentError(msg)
    if len(content) < LEAST:
        msg = f"TRACEHUB_SECRET_KEY_FILE: {file} holds fewer than {LEAST} characters"
        raise PermanentError(msg)
    return content


def _made(file: Path, random: Callable[[int], bytes]) -> bytes | None:
    """The secret of the new file, None where there is one by now."""
    content = random(32).hex().encode()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content + b"\n")
            opened.flush()
            os.fsync(descriptor)
    except FileExistsError as error:
        if file.exists():
            return None
        msg = f"TRACEHUB_SECRET_KEY_FILE: {file} is a link to nowhere"
        raise PermanentError(msg) from error
    except OSError as error:
        msg = f"TRACEHUB_SECRET_KEY_FILE: {file} cannot be made: {error.strerror}"
        raise PermanentError(msg) from error
    return content


def _named(keys: Sequence[ProxyKey]) -> str:
    shown = ", ".join(key.key_id for key in keys[:3])
    return f"the keys {shown}" + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
