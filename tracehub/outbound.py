"""HTTP requests to addresses that people entered: resolved, checked, pinned, never redirected, replies cut short."""

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, LocationValueError

from tracehub.errors import PermanentError, TransientError

MIB = 1024 * 1024
Address = IPv4Address | IPv6Address
Network = str

_PATIENCE = 3

# Metadata services and link-local neighbours are nobody's destination, whatever is allowed.
_NEVER = tuple(
    ip_network(network)
    for network in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "192.0.0.0/24", "100.100.100.200/32", "0.0.0.0/8")
)
# Addresses that hold an IPv4 address: what they lead to is what counts (RFC 6052, RFC 3056).
_NAT64, _SIX_TO_FOUR = IPv6Network("64:ff9b::/96"), IPv6Network("2002::/16")


class RefusedAddressError(PermanentError):
    """The address must not be reached from here, or is none."""


class UnreachableError(TransientError):
    """Nobody answered in time, or the connection broke."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. `body` is at most as long as was asked for; `cut` says that there was more."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool


class Outbound:
    """Sends requests; connections are kept. `allowed` are networks inside (`10.0.0.0/8`) that may be reached too.

    Redirects are replies like any other; environment proxies are not used. Threads may share it.
    """

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        *,
        resolve: Callable[[str, int], Sequence[str]] | None = None,
        ca_file: str | None = None,
    ) -> None:
        self._allowed = tuple(ip_network(network) for network in allowed)
        self._resolve = resolve or _resolved
        self._pools: dict[tuple[str, str, int, str], urllib3.HTTPConnectionPool] = {}
        self._ca_file = ca_file

    def check(self, url: str) -> None:
        """RefusedAddressError, in words for whoever entered it, where `url` cannot be sent to; UnreachableError where
        its name cannot be resolved now."""
        self._place(url)

    def reach(self, url: str) -> tuple[str, int]:
        """The one address and port that `url` may be sent to, for other protocols than HTTP; errors as `check`."""
        _, address, port = self._place(url)
        return address, port

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 10,
        most_bytes: int = MIB,
    ) -> Reply:
        """The reply to one request. RefusedAddressError; UnreachableError where none came within `seconds`.

        `seconds` bounds connecting and each wait for bytes; who sends byte by byte gets three times as long in all.
        """
        parts, address, port = self._place(url)
        pool = self._pool(parts, address, port)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            answer = pool.urlopen(
                method,
                path,
                body=body,
                headers={"User-Agent": "tracehub", **(headers or {}), "Host": parts.netloc},
                timeout=urllib3.Timeout(connect=seconds, read=seconds),
                retries=False,
                redirect=False,
                preload_content=False,
                assert_same_host=False,
            )
        except (HTTPError, OSError) as error:
            raise UnreachableError(_said(parts, error)) from error
        return _read(answer, parts, most_bytes, time.monotonic() + _PATIENCE * seconds)

    def close(self) -> None:
        """Closes the connections."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _place(self, url: str) -> tuple[SplitResult, str, int]:
        """The parts of `url`, and the one address and port that it may be sent to."""
        parts, port = _parts(url)
        host = parts.hostname or ""
        try:
            addresses = [ip_address(found.split("%")[0]) for found in self._resolve(host, port)]
        except (OSError, UnicodeError) as error:
            msg = f"the name {host} cannot be resolved"
            raise UnreachableError(msg) from error
        for address in addresses:
            self._check(host, address)
        if not addresses:
            msg = f"the name {host} has no address"
            raise UnreachableError(msg)
        return parts, str(addresses[0]), port

    def _check(self, host: str, address: Address) -> None:
        leads_to = _leads_to(address)
        if any(each in network for each in (address, leads_to) for network in _NEVER):
            msg = f"{_leading(host, address)}, which nothing may be sent to"
            raise RefusedAddressError(msg)
        if any(leads_to in network or address in network for network in self._allowed):
            return
        if not leads_to.is_global or leads_to.is_multicast:
            msg = (
                f"{_leading(host, address)}, which is inside this network: name it in "
                "TRACEHUB_ALLOWED_NETWORKS to let tracehub send there"
            )
            raise RefusedAddressError(msg)

    def _pool(self, parts: SplitResult, address: str, port: int) -> urllib3.HTTPConnectionPool:
        host = parts.hostname or ""
        key = (parts.scheme, address, port, host)
        found = self._pools.get(key)
        if found is None:
            found = self._pools[key] = (
                urllib3.HTTPSConnectionPool(
                    address,
                    port,
                    maxsize=4,
                    server_hostname=host,
                    assert_hostname=host,
                    cert_reqs="CERT_REQUIRED",
                    ca_certs=self._ca_file,
                )
                if parts.scheme == "https"
                else urllib3.HTTPConnectionPool(address, port, maxsize=4)
            )
        return found


def _leading(host: str, address: Address) -> str:
    return f"the address leads to {address}" if host == str(address) else f"{host} leads to {address}"


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(ord(sign) <= 32 for sign in url):
        msg = "an address begins with http:// or https:// and a name"
        raise RefusedAddressError(msg)
    if parts.username is not None or parts.password is not None:
        msg = "an address holds no user name or password: use a header"
        raise RefusedAddressError(msg)
    return parts, port or (443 if parts.scheme == "https" else 80)


def _resolved(host: str, port: int) -> Sequence[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _leads_to(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _SIX_TO_FOUR:
        return IPv4Address((int(address) >> 80) & 0xFFFF_FFFF)
    return address


def _read(answer: urllib3.BaseHTTPResponse, parts: SplitResult, most_bytes: int, until: float) -> Reply:
    body = bytearray()
    try:
        # What has come is taken as it comes: waiting for a whole block would let a slow sender go on for ever.
        while len(body) <= most_bytes and (more := answer.read1(64 * 1024)):
            body += more
            if time.monotonic() > until:
                answer.close()
                msg = f"{parts.netloc} did not end its answer in time"
                raise UnreachableError(msg)
    except (HTTPError, OSError, LocationValueError) as error:
        answer.close()
        raise UnreachableError(_said(parts, error)) from error
    cut = len(body) > most_bytes
    if cut:
        answer.close()
    else:
        answer.release_conn()
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Reply(status=answer.status, headers=headers, body=bytes(body[:most_bytes]), cut=cut)


def _said(parts: SplitResult, error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return f"{parts.netloc} did not answer: {type(reason).__name__}"
