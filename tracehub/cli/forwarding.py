"""Hands files and questions to a running tracehub, as a SQLite database belongs to the process that serves it."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import msgspec

from tracehub.errors import PermanentError, StoreUnavailableError
from tracehub.model.listing import Counts
from tracehub.settings import Settings

# Well below the server's body limit, so that a line that crosses the end of a part can be kept whole.
PART = 8 * 1024 * 1024
TRIES = 10
UNREADABLE = 422
Said = TypeVar("Said")
# What is meant for this machine goes through no proxy, which would see the key and the traces.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def serving_address(settings: Settings) -> str | None:
    """The URL of the process that owns the SQLite database, None where it serves none."""
    from tracehub.store.database import parse_url
    from tracehub.store.process_lock import owner_of

    address = owner_of(Path(parse_url(settings.database_url).database or "")).get("address")
    return address if isinstance(address, str) else None


def forward_to(address: str, settings: Settings) -> Callable[[Iterator[bytes], str], Iterator[Counts]]:
    """Sends a source's chunks to the server at `address` and yields what it answers."""

    def take(chunks: Iterator[bytes], source: str) -> Iterator[Counts]:
        for part in _parts(chunks, settings.max_body_bytes, source):
            yield _send(address, part, source, settings)

    return take


def ask(url: str, settings: Settings, content: dict[str, object] | None = None) -> dict[str, object]:
    """What the server answers to a GET, or to a POST of `content`; PermanentError with its reason where it refuses."""
    body = None if content is None else msgspec.json.encode(content)
    headers = {"Content-Type": "application/json", **_authorization(settings)}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 (our own server's address)
    try:
        with _DIRECT.open(request, timeout=60) as response:
            return msgspec.json.decode(response.read(), type=dict[str, object])
    except urllib.error.HTTPError as error:
        refusal = _said(error.read(), _Refusal)
        raise PermanentError(refusal.detail if refusal else f"the running tracehub refused: {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        msg = f"the running tracehub at {url} does not answer: {getattr(error, 'reason', error)}"
        raise StoreUnavailableError(msg) from error


def _authorization(settings: Settings) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.api_keys[0].get_secret_value()}"} if settings.api_keys else {}


def _parts(chunks: Iterator[bytes], limit: int, source: str) -> Iterator[bytes]:
    """A short source whole; a long one of JSON lines in parts that end where a line ends."""
    held = b""
    for chunk in chunks:
        held += chunk
        cut = held.rfind(b"\n{") + 1
        if len(held) >= PART and cut > 0 and held.startswith(b"{"):
            yield held[:cut]
            held = held[cut:]
        if len(held) > limit:
            msg = f"{source} is too large to hand to the running tracehub; stop it, import, and start it again"
            raise PermanentError(msg)
    if held:
        yield held


class _Refusal(msgspec.Struct):
    """What a problem says; for 422 the counts stand beside it."""

    detail: str = ""


def _said(body: bytes, what: type[Said]) -> Said | None:
    try:
        return msgspec.json.decode(body, type=what)
    except msgspec.DecodeError:
        return None


def _send(address: str, body: bytes, source: str, settings: Settings) -> Counts:
    headers = {
        "Content-Type": "application/octet-stream",
        "X-Tracehub-Source": quote(source),
        **_authorization(settings),
    }
    for attempt in range(1, TRIES + 1):
        request = urllib.request.Request(f"{address}/api/v1/records", body, headers)  # noqa: S310 (our own server's address)
        try:
            with _DIRECT.open(request, timeout=120) as response:
                return msgspec.json.decode(response.read(), type=Counts)
        except urllib.error.HTTPError as error:
            body = error.read()
            counts = _said(body, Counts)
            if error.code == UNREADABLE and counts is not None and counts.records:
                return counts
            if error.code not in (429, 503) or attempt == TRIES:
                refusal = _said(body, _Refusal)
                msg = f"the running tracehub at {address} refused: {refusal.detail if refusal else error.reason}"
                raise PermanentError(msg) from error
            time.sleep(float(error.headers.get("Retry-After", 1)))
        except (OSError, HTTPException, ValueError) as error:
            msg = f"the running tracehub at {address} does not answer: {getattr(error, 'reason', error)}"
            raise StoreUnavailableError(msg) from error
    raise AssertionError
