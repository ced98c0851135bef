"""The order in which a tracehub is examined."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from tracehub.collectors.probes.cloudwatch import probe_logs
from tracehub.collectors.probes.finding import Finding, ok, problem, warning
from tracehub.collectors.probes.identity import Identified, identify
from tracehub.collectors.probes.s3 import probe_bucket
from tracehub.collectors.probes.sqs import probe_queue
from tracehub.model.source import CloudWatchSource, S3Source, Source, words_of
from tracehub.pipeline.doctor.configuration import Configuration
from tracehub.pipeline.doctor.database import DatabaseLook, described_skew
from tracehub.pipeline.doctor.settings import examine_settings
from tracehub.settings import Settings

_SECOND = 1_000_000
# SigV4 is refused beyond.
_TOO_FAR = 300 * _SECOND
_FAR = 60 * _SECOND
_USER_INFO = re.compile(r"(?<=://)[^\s/@]+@")
_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_SHORTEST_SECRET = 4


class Part(NamedTuple):
    """What was found about one thing. `findings` are made while they are gone through, which must be done before the
    next part is asked for."""

    about: str
    findings: Iterator[Finding]


class Examination:
    """All that can be found out from here. No finding shows a secret or a control character."""

    def __init__(
        self, settings: Settings, wrong: tuple[Finding, ...], config_file: Path | None, clock: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._wrong = wrong
        self._clock = clock
        self._configuration = Configuration(config_file)
        self._database = DatabaseLook(settings.database_url, clock)
        self._ahead: list[int] = []

    def parts(self) -> Iterator[Part]:
        """One after the other."""
        for about, findings in self._all():
            yield Part(about, map(self._presentable, findings))

    def declared(self) -> Iterator[Part]:
        """Only what has to be read to know the sources."""
        yield Part("configuration", map(self._presentable, self._configuration.findings()))
        yield Part("database", map(self._presentable, self._database.findings()))

    def sources(self) -> tuple[Source, ...]:
        """Those of the file, which count more, and of the database, as far as they could be read so far."""
        of_file = self._configuration.sources
        found = {source.name: source for source in of_file or ()}
        for stored in self._database.sources or ():
            # What the file declared once and does not now is forgotten at the next start.
            if of_file is None or stored.declared_in != "file":
                found.setdefault(stored.source.name, stored.source)
        return tuple(sorted(found.values(), key=lambda source: source.name))

    def _all(self) -> Iterator[Part]:
        yield Part("settings", examine_settings(self._settings, self._wrong))
        yield from self.declared()
        sources = self.sources()
        if not sources:
            yield Part("sources", iter((self._no_sources(),)))
        for source in sources:
            yield Part(f"source {source.name} ({words_of(source)['kind']})", self._of_source(source))
        if sources:
            yield Part("clock", self._of_clock())

    def _no_sources(self) -> Finding:
        if self._configuration.is_broken:
            return ok("not examined, as the configuration file has to be mended first")
        if self._database.sources is None and not self._database.is_new:
            return ok("none are in a configuration file, and those of the database could not be read")
        return ok(
            "none are declared: traces come by import and push only, until tracehub.toml names log groups or buckets"
        )

    def _of_source(self, source: Source) -> Iterator[Finding]:
        identified: Identified = identify(source, self._clock)
        if identified.ahead is not None:
            self._ahead.append(identified.ahead)
        yield from identified.findings
        reached = identified.reached
        if reached is None:
            return
        match source:
            case CloudWatchSource():
                yield from probe_logs(source, reached, self._clock())
            case S3Source():
                yield from probe_bucket(source, reached)
                if source.queue_url is not None:
                    yield from probe_queue(source.queue_url, reached)

    def _of_clock(self) -> Iterator[Finding]:
        if not self._ahead:
            yield ok("not compared with AWS's: AWS told no time")
            return
        ahead = max(self._ahead, key=abs)
        if abs(ahead) <= _FAR:
            yield ok("this machine's clock agrees with AWS's")
            return
        what = f"this machine's clock is {described_skew(ahead)} AWS's"
        if abs(ahead) > _TOO_FAR:
            yield problem(what, "set it (NTP): AWS refuses what is signed more than 5 minutes before or after its time")
        else:
            yield warning(what, "set it (NTP): beyond 5 minutes AWS refuses all requests")

    def _presentable(self, finding: Finding) -> Finding:
        remedy = None if finding.remedy is None else self._clean(finding.remedy)
        return msgspec.structs.replace(finding, what=self._clean(finding.what), remedy=remedy)

    def _clean(self, text: str) -> str:
        text = _USER_INFO.sub("***@", text)
        for secret in self._secrets():
            text = text.replace(secret, "***")
        return _NOT_PRINTABLE.sub("�", text)

    def _secrets(self) -> Sequence[str]:
        keys = [key.get_secret_value() for key in self._settings.api_keys]
        given = [os.environ.get(name, "") for name in _SECRET_VARIABLES]
        external = [source.external_id or "" for source in self.sources()]
        known = (*keys, *given, *external, self._database.password or "")
        return [each for each in known if len(each) >= _SHORTEST_SECRET]
