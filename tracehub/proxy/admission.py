"""Decides who may call what."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import NamedTuple

from starlette.types import Scope

from tracehub.proxy.keys import Keys, require
from tracehub.proxy.operations import Operation
from tracehub.proxy.rate import Rates
from tracehub.proxy.signing.refusals import denied
from tracehub.proxy.signing.verify import verify

# The signature is over the path without them: it would be good for other paths too.
_DOTS = re.compile(rb"/\.{1,2}(?:/|\Z)")


class Admitted(NamedTuple):
    """As whom and where AWS is called for a caller; None is the proxy's own."""

    region: str | None = None
    role_arn: str | None = None
    external_id: str | None = None


class Admission:
    """Verifies signatures under tracehub's keys. With `open_on_loopback`, callers of this machine need none."""

    def __init__(
        self, keys: Keys, hosts: tuple[bytes, ...], clock: Callable[[], int], *, open_on_loopback: bool = False
    ) -> None:
        self._keys = keys
        self._rates = Rates()
        self._hosts = hosts
        self._clock = clock
        self._open_on_loopback = open_on_loopback

    def admit(self, scope: Scope, body_sha256: str, operation: Operation | None) -> Admitted:
        """RefusedError where the call is not to be passed on."""
        if self._open_on_loopback and _is_loopback(scope):
            return Admitted()
        now = self._clock()
        caller = verify(
            scope["method"],
            scope["raw_path"],
            scope["query_string"],
            scope["headers"],
            body_sha256,
            now,
            lambda key_id: self._keys.secrets_of(key_id, now),
            hosts=self._hosts,
        )
        key = self._keys.one(caller.key_id)
        self._keys.used(caller.key_id, now)
        if _DOTS.search(scope["raw_path"]):
            raise denied("paths with dot segments are not passed on")
        named = operation.named if operation else {}
        require(key, operation.name if operation else None, named.get("agentId"), named.get("agentAliasId"))
        self._rates.take(key, now)
        return Admitted(key.terms.region, key.terms.role_arn, key.terms.external_id)


def _is_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False
