"""The keys that callers may use now, held in memory: no call waits for the database."""

from collections.abc import Sequence
from typing import NamedTuple

from tracehub.model.proxy_key import ProxyKey, state_of
from tracehub.proxy.derivation import secret_of
from tracehub.proxy.issuing import MasterOf
from tracehub.proxy.signing.refusals import denied, unrecognized


class _Held(NamedTuple):
    key: ProxyKey
    secret: bytes
    before: bytes | None


class Keys:
    """What the database held of keys when `load` was called last, with their secrets. Belongs to one thread."""

    def __init__(self, master_of: MasterOf) -> None:
        self._master_of = master_of
        self._held: dict[str, _Held] = {}
        self._uses: dict[str, int] = {}

    def load(self, rows: Sequence[ProxyKey]) -> None:
        """Makes these the keys there are. PermanentError, and nothing changes, where the master secret does not fit."""
        live = [key for key in rows if key.revoked_at is None]
        # Without keys none is needed, and none shall be made.
        master = self._master_of(live) if live else b""
        self._held = {key.key_id: _held(master, key) for key in live}

    def __len__(self) -> int:
        return len(self._held)

    def secrets_of(self, key_id: str, now: int) -> tuple[bytes, ...]:
        """The secrets of a key that are valid at `now`, the newest first.

        There are none where the key is unknown, revoked or expired.
        """
        held = self._held.get(key_id)
        if held is None or state_of(held.key, now) != "active":
            return ()
        if held.before is None or now >= (held.key.overlap_until or 0):
            return (held.secret,)
        return held.secret, held.before

    def one(self, key_id: str) -> ProxyKey:
        """The key of this id, RefusedError where there is none (any more)."""
        held = self._held.get(key_id)
        if held is None:
            raise unrecognized()
        return held.key

    def used(self, key_id: str, now: int) -> None:
        """Notes that a key was used, for `take_uses`."""
        self._uses[key_id] = now

    def take_uses(self) -> dict[str, int]:
        """When each key was used last (microseconds since 1970 UTC), since this was asked before."""
        uses, self._uses = self._uses, {}
        return uses


def may(key: ProxyKey, operation: str | None, agent_id: str | None, alias_id: str | None) -> bool:
    """Whether the key's limits let it call `operation` on this agent and alias.

    What the call does not name is None, and fits no limit: a key that is limited to agents can call nothing that is not
    on an agent, such as InvokeInlineAgent.
    """
    terms = key.terms
    limits = ((terms.operations, operation), (terms.agents, agent_id), (terms.aliases, alias_id))
    return all(not allowed or given in allowed for allowed, given in limits)


def require(key: ProxyKey, operation: str | None, agent_id: str | None, alias_id: str | None) -> None:
    """RefusedError, as AWS refuses it, where the key may not do this."""
    if not may(key, operation, agent_id, alias_id):
        on = f" on resource: agent/{agent_id}" + (f"/alias/{alias_id}" if alias_id else "") if agent_id else ""
        raise denied(
            f"User: tracehub key {key.key_id} is not authorized to perform: bedrock:{operation or '*'}{on} because the "
            "key is limited"
        )


def _held(master: bytes, key: ProxyKey) -> _Held:
    before = secret_of(master, key.key_id, key.generation - 1) if key.overlap_until is not None else None
    return _Held(
        key, secret_of(master, key.key_id, key.generation).encode(), before.encode() if before is not None else None
    )
