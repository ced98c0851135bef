"""Where AWS is called, and as whom: endpoints and credentials by region and role, renewed before they expire."""

import asyncio
import threading
from typing import Any, NamedTuple

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import NoCredentialsError, NoRegionError

from tracehub.collectors.access import session_of
from tracehub.collectors.aws_errors import AWS_ERRORS
from tracehub.model.source import Access
from tracehub.proxy.signing.refusals import RefusedError
from tracehub.proxy.signing.sign import Credentials

_log = structlog.get_logger(__name__)
_RENEW_SECONDS = 30.0
_RETRY_SECONDS = 5.0


class Upstream(NamedTuple):
    """One endpoint, without a slash at its end, with the credentials that are good now."""

    endpoint: str
    host: bytes
    region: str
    credentials: Credentials


class _Place(NamedTuple):
    endpoint: str
    region: str
    credentials: Any


_Terms = tuple[str | None, str | None, str | None]
# Of keys that name nothing, and of the proxy itself.
_OWN: _Terms = (None, None, None)


class Upstreams:
    """Knows each combination of region and role after its first call; a thread keeps the credentials fresh.

    `endpoint` stands in for AWS's own; `region` is that of keys which name none, else the environment's.
    """

    def __init__(self, endpoint: str | None, region: str | None) -> None:
        self._endpoint = endpoint.rstrip("/") if endpoint else None
        self._region = region
        self._places: dict[_Terms, _Place] = {}
        self._known: dict[_Terms, Upstream] = {}
        self._making = threading.Lock()
        self._complaints: dict[_Terms, type[Exception]] = {}
        self._trouble = "the credentials for AWS are not read yet"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="tracehub-credentials", daemon=True)

    def start(self) -> None:
        """Begins to renew."""
        self._thread.start()

    def stop(self) -> None:
        """Renews no more."""
        self._stop.set()

    async def of(self, region: str | None, role_arn: str | None, external_id: str | None) -> Upstream:
        """The upstream for a key; RefusedError where AWS gives no credentials for it."""
        terms = (region, role_arn, external_id)
        found = self._known.get(terms)
        return found if found is not None else await asyncio.to_thread(self._first, terms)

    @property
    def trouble(self) -> str | None:
        """Why AWS cannot be called as the proxy itself; None where it can."""
        return None if _OWN in self._known else self._trouble

    def _first(self, terms: _Terms) -> Upstream:
        with self._making:
            found = self._known.get(terms)
            if found is not None:
                return found
            try:
                place = self._places[terms] = self._places.get(terms) or self._place(terms)
                made = self._known[terms] = _upstream(place)
            except (*AWS_ERRORS, ValueError) as error:
                said = "tracehub's proxy has no credentials for AWS now"
                if isinstance(error, NoRegionError):
                    said = "tracehub's proxy knows no region of AWS: AWS_REGION or TRACEHUB_PROXY_REGION names one"
                self._complain(terms, said, error)
                raise RefusedError(503, "ServiceUnavailableException", said) from error
            self._complaints.pop(terms, None)
            return made

    def _complain(self, terms: _Terms, said: str, error: Exception) -> None:
        """Says it once, and not with every call."""
        if self._complaints.get(terms) is not type(error):
            self._complaints[terms] = type(error)
            _log.error(said, role=terms[1], error=type(error).__name__)

    def _renew(self) -> None:
        while _OWN not in self._known:
            try:
                self._first(_OWN)
            except RefusedError as error:
                self._trouble = f"{error.message} ({error.__cause__})"
                if self._stop.wait(_RETRY_SECONDS):
                    return
        while not self._stop.wait(_RENEW_SECONDS):
            for terms, place in list(self._places.items()):
                try:
                    self._known[terms] = _upstream(place)
                except AWS_ERRORS as error:
                    _log.warning("credentials could not be renewed", role=terms[1], error=type(error).__name__)

    def _place(self, terms: _Terms) -> _Place:
        region, role_arn, external_id = terms
        session = session_of(Access(region=region or self._region, role_arn=role_arn, external_id=external_id))
        if session.region_name is None:
            raise NoRegionError
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return _Place(self._endpoint or _endpoint_of(session), session.region_name, credentials)


def _endpoint_of(session: boto3.Session) -> str:
    """AWS's own, whatever the environment says: that may name this very proxy."""
    client = session.client("bedrock-agent-runtime", config=Config(ignore_configured_endpoint_urls=True))
    return str(client.meta.endpoint_url)


def _upstream(place: _Place) -> Upstream:
    frozen = place.credentials.get_frozen_credentials()
    host = place.endpoint.partition("://")[2].partition("/")[0].encode()
    return Upstream(place.endpoint, host, place.region, Credentials(frozen.access_key, frozen.secret_key, frozen.token))
