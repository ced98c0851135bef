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
_OF_BROWSERS = {b"origin", b"sec-fetch-site"}
_PORT = re.compile(rb":\d+\Z")


class Admitted(NamedTuple):
    """As whom and where AWS is called for a caller; None is the proxy's own."""

    region: str | None = None
    role_arn: str | None = None
    external_id: str | None = None


class Admission:
    """Verifies signatures under tracehub's keys. With `open_on_loopback`, programs of this machine need none."""

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
        if self._open_on_loopback and self._is_of_this_machine(scope):
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

    def _is_of_this_machine(self, scope: Scope) -> bool:
        """Whether a program of this machine calls by itself.

        Pages of anywhere reach the port through a browser of this machine: those tell of their origin, or come by a
        name of their own that leads here.
        """
        client, headers = scope.get("client"), scope["headers"]
        named = [value for name, value in headers if name == b"host"]
        return (
            client is not None
            and _is_loopback(client[0])
            and all(name not in _OF_BROWSERS for name, _ in headers)
            and all(host in self._hosts or _is_loopback(_PORT.sub(b"", host).decode("latin-1")) for host in named)
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
