"""One process of the proxy: its parts, connected, from start to stop."""

import asyncio
import gc
import os
from collections.abc import Callable, Sequence

import structlog

from tracehub.errors import PermanentError
from tracehub.model.proxy_key import ProxyKey
from tracehub.proxy.admission import Admission
from tracehub.proxy.issuing import MasterOf
from tracehub.proxy.keys import Keys
from tracehub.proxy.known_keys import KnownKeys
from tracehub.proxy.metrics import Metrics, Spooled
from tracehub.proxy.own_pages import OwnPages
from tracehub.proxy.relay import Relay
from tracehub.proxy.server import ProxyServer
from tracehub.proxy.terms import Terms
from tracehub.proxy.upstream import Upstreams
from tracehub.settings import Settings
from tracehub.spool.entries import NO_CALL, Kind
from tracehub.spool.writer import SpoolWriter

_log = structlog.get_logger(__name__)
# How often the uses of keys, and losses, are told.
_NOTE_SECONDS = 1.0
_KEYS_FILE = "keys.json"


class ProxyProcess:
    """`fetch` reads the keys from the database, and may fail; `clock` gives microseconds since 1970 UTC."""

    def __init__(
        self,
        settings: Settings,
        fetch: Callable[[], Sequence[ProxyKey]],
        master_of: MasterOf,
        clock: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._keys = Keys(master_of)
        self._known = KnownKeys(self._keys, fetch, settings.proxy_spool / _KEYS_FILE)
        self._upstreams = Upstreams(settings.proxy_upstream, settings.proxy_region or os.environ.get("AWS_REGION"))
        self._stopping = False
        self._told_lost = 0

    async def run(self, stop: asyncio.Event, started: Callable[[str], None]) -> None:
        """Serves until `stop` is set and the calls under way have ended; `started` hears the address."""
        settings = self._settings
        spool = SpoolWriter(settings.proxy_spool, most_bytes=settings.proxy_spool_bytes)
        metrics = Metrics(lambda: Spooled(spool.depth, spool.refused, spool.lost))
        relay = self._relay(spool, metrics)
        server = ProxyServer(
            relay,
            host=settings.proxy_host,
            port=settings.proxy_port,
            certificate=settings.proxy_certificate,
            key=settings.proxy_certificate_key,
        )
        await self._known.start()
        self._upstreams.start()
        await relay.start()
        noting = asyncio.get_running_loop().create_task(self._go_on_noting(spool))
        try:
            await self._listen(server)
            _settle()
            started(server.address)
            if not self._keys and not settings.proxy_open_on_loopback:
                _log.warning("nobody may call yet: `tracehub keys create NAME` makes a key")
            await stop.wait()
            self._stopping = True
            _log.info("the proxy stops", running=metrics.running)
        finally:
            await server.stop(settings.proxy_grace_seconds)
            noting.cancel()
            self._known.stop()
            self._upstreams.stop()
            await relay.stop()
            self._note(spool)
            spool.close()

    def _relay(self, spool: SpoolWriter, metrics: Metrics) -> Relay:
        settings = self._settings
        hosts = tuple(host.encode() for host in settings.proxy_hosts)
        admission = Admission(self._keys, hosts, self._clock, open_on_loopback=settings.proxy_open_on_loopback)
        terms = Terms(
            force_trace=settings.proxy_force_trace,
            attributes=settings.proxy_attributes,
            most_body_bytes=settings.proxy_max_body_bytes,
        )
        return Relay(admission, self._upstreams, spool, metrics, OwnPages(metrics, self._unready), terms, self._clock)

    async def _listen(self, server: ProxyServer) -> None:
        try:
            await server.start()
        except OSError as error:
            settings = self._settings
            msg = f"the proxy cannot listen on {settings.proxy_host}:{settings.proxy_port}: {error.strerror or error}"
            raise PermanentError(msg) from error

    def _unready(self) -> str | None:
        if self._stopping:
            return "stopping"
        if self._known.trouble and not self._settings.proxy_open_on_loopback:
            return self._known.trouble
        return self._upstreams.trouble

    async def _go_on_noting(self, spool: SpoolWriter) -> None:
        while True:
            await asyncio.sleep(_NOTE_SECONDS)
            self._note(spool)

    def _note(self, spool: SpoolWriter) -> None:
        for key_id, at in self._keys.take_uses().items():
            spool.add(NO_CALL, Kind.USED, at, key_id.encode())
        lost = spool.lost - self._told_lost
        if lost and spool.add(NO_CALL, Kind.LOST, self._clock(), b"%d" % lost):
            self._told_lost += lost


def _settle() -> None:
    """What is loaded by now stays: Python's collector, which would stop all calls to look at it, may pass it over."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
