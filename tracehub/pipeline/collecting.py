"""Keeps every declared source read by exactly one process, as many processes as there may be."""

import threading
from collections.abc import Callable, Mapping

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError

from tracehub.errors import TracehubError
from tracehub.model.source import Source, read_source
from tracehub.model.source_rows import PUSHED, SourceRow
from tracehub.pipeline.claims import Claim
from tracehub.pipeline.reader import Reader, Run
from tracehub.store import leases, shards, sources
from tracehub.store.database import Database

_log = structlog.get_logger(__name__)

# What can be read apart from the rest of a source, and how; the time is that of its declaration (microseconds).
Plan = Callable[[Source, int], Mapping[str, Callable[[Claim], Run]]]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How leases are held: for `lease_seconds`, looked after every `tick_seconds`; `owner` is this process's name."""

    owner: str
    lease_seconds: float = 30.0
    tick_seconds: float = 1.0
    stop_seconds: float = 15.0


class Collecting:
    """Takes leases on parts of sources that nobody reads, reads them, and gives them up when told."""

    def __init__(
        self,
        database: Database,
        plan: Plan,
        terms: Terms,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._plan = plan
        self._terms = terms
        self._clock = clock
        self._readers: dict[tuple[str, str], Reader] = {}
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._renewed_at = 0
        self._thread = threading.Thread(target=self._run, name="tracehub-collecting", daemon=True)

    def start(self) -> None:
        """Begins in a thread of its own."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread that looks after the sources runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ends all reading: what was fetched is committed or will be fetched again. Others may go on at once."""
        self._stop.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._tick()
            except (DBAPIError, TracehubError) as error:
                _log.warning("sources cannot be looked after now", error=str(error))
            except Exception:  # the outermost loop: it must go on
                _log.exception("looking after the sources failed")
            self._wake.wait(self._terms.tick_seconds)
            self._wake.clear()
        self._end_all()

    def _tick(self) -> None:
        with self._database.reading() as connection:
            declared = sources.every(connection)
        wanted = self._wanted(declared)
        self._end_unwanted(wanted)
        self._renew()
        held = {(row.name, shard.shard) for row in declared for shard in row.shards if shard.holder is not None}
        for place, (generation, start) in wanted.items():
            if place not in self._readers and place not in held:
                self._begin(place, generation, start)

    def _wanted(self, declared: tuple[SourceRow, ...]) -> dict[tuple[str, str], tuple[int, Callable[[Claim], Run]]]:
        wanted = {}
        for row in declared:
            if row.paused or row.declared_in == PUSHED:
                continue
            try:
                source = read_source(msgspec.json.decode(row.declaration, type=dict[str, object]))
            except (TracehubError, msgspec.DecodeError) as error:
                _log.error("a declared source cannot be read", source=row.name, error=str(error))
                continue
            for shard, start in self._plan(source, row.created_at).items():
                wanted[row.name, shard] = (row.generation, start)
        return wanted

    def _end_unwanted(self, wanted: Mapping[tuple[str, str], tuple[int, object]]) -> None:
        for place, reader in list(self._readers.items()):
            if place not in wanted or wanted[place][0] != reader.generation:
                reader.stop()
            if reader.ended:
                del self._readers[place]
                self._release([reader])

    def _renew(self) -> None:
        now = self._clock()
        if (now - self._renewed_at) / 1e6 < self._terms.lease_seconds / 3:
            return
        for reader in self._readers.values():
            name = shards.lease_name(reader.claim.source, reader.claim.shard)
            # Each by itself: a batch may hold the leases of several readers and wait for one of them.
            with self._database.writing() as connection:
                held = leases.renew(connection, name, reader.claim.token, self._terms.lease_seconds)
            if not held:
                reader.stop()
        self._renewed_at = now

    def _begin(self, place: tuple[str, str], generation: int, start: Callable[[Claim], Run]) -> None:
        with self._database.writing() as connection:
            token = leases.take(connection, shards.lease_name(*place), self._terms.owner, self._terms.lease_seconds)
        if token is None:
            return
        claim = Claim(*place, token)
        reader = self._readers[place] = Reader(claim, generation, start(claim), self._database, self._clock)
        reader.start()
        _log.info("reading a source", source=place[0], shard=place[1])

    def _end_all(self) -> None:
        for reader in self._readers.values():
            reader.stop()
        ended = [reader for reader in self._readers.values() if reader.join(self._terms.stop_seconds)]
        try:
            self._release(ended)
        except (DBAPIError, TracehubError) as error:
            _log.warning("leases could not be given back; they run out by themselves", error=str(error))

    def _release(self, readers: list[Reader]) -> None:
        with self._database.writing() as connection:
            for reader in sorted(readers, key=lambda reader: (reader.claim.source, reader.claim.shard)):
                name = shards.lease_name(reader.claim.source, reader.claim.shard)
                leases.release(connection, name, reader.claim.token)
