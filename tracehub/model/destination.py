"""The destinations a team declares: where its traces go over OTLP, in the words of configuration file and UI."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, cast
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from tracehub.errors import PermanentError
from tracehub.model.source import Name, Text
from tracehub.model.span import Outcome

Share = Annotated[float, Meta(ge=0, le=1)]
HeaderName = Annotated[str, Meta(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$")]
HeaderValue = Annotated[str, Meta(max_length=8192)]

DATADOG_HOURS = 17.5
# A header's value that is kept sealed in the store, because it was entered in the UI.
SEALED = "sealed:"
_OURS = frozenset({"content-type", "content-encoding", "content-length", "host", "transfer-encoding", "connection"})
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|^\s|\s$")
# What Datadog's intake wants to hear besides the key (its Agent overhears it).
_DATADOG_HEADERS = {
    "traces": {"dd-otlp-source": "llmobs", "compute_stats": "true"},
    "metrics": {
        "dd-otel-metric-config": '{"resource_attributes_as_tags":true,'
        '"histograms":{"mode":"distributions","send_aggregation_metrics":true}}'
    },
}

Signal = Literal["traces", "metrics"]


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which traces are sent at all. Values of one list are alternatives, lists must all match; empty is no condition.

    `agents` are ids or names, `aliases` ids.
    """

    agents: Annotated[tuple[Text, ...], Meta(max_length=200)] = ()
    aliases: Annotated[tuple[Text, ...], Meta(max_length=200)] = ()
    outcomes: tuple[Outcome, ...] = ()


class Sampling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the chosen traces are sent, each whole: with `errors` all that failed or had an error, all that took
    longer than `slower_than_seconds`, and of the rest this `share`, decided by the trace id, so that it is the same
    traces everywhere."""

    share: Share = 1.0
    errors: bool = True
    slower_than_seconds: Annotated[float, Meta(gt=0)] | None = None


class Destination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where finished traces go.

    `endpoint` is the base address: `/v1/traces` and `/v1/metrics` are added, unless `traces_endpoint` or
    `metrics_endpoint` say where to, word for word (OTLP exporter specification, "Endpoint URLs for OTLP/HTTP").
    A header's value may be `env:NAME` or `file:PATH`, so that no secret stands in the file.

    Spans older than `max_age_hours` are not sent, as the back end would refuse them (Datadog: 17.5). An incomplete
    trace, and one that waits for the result of control that it returned, is sent `hold_minutes` after its last event; a
    complete one after `settle_seconds`, as its last events may still be on their way. What could not be delivered for
    `retry_hours` expires; at most `most_waiting` traces wait, and the oldest are dropped (and counted) for more.
    """

    name: Name
    endpoint: Text
    traces_endpoint: Text | None = None
    metrics_endpoint: Text | None = None
    protocol: Literal["http/protobuf", "grpc"] = "http/protobuf"
    compression: Literal["gzip", "none"] = "gzip"
    headers: dict[HeaderName, HeaderValue] = {}
    timeout_seconds: Annotated[float, Meta(gt=0, le=300)] = 10
    traces: bool = True
    metrics: bool = False

    dialect: Literal["genai", "openinference", "datadog"] = "genai"
    profile: Literal["1.41", "genai-dev"] = "1.41"
    content: Literal["off", "truncated", "full"] = "off"
    content_chars: Annotated[int, Meta(ge=100, le=1_000_000)] = 4_000
    service_name: Text | None = None
    environment: Text | None = None
    resource_attributes: dict[Text, str] = {}
    id_salt: Text | None = None

    filter: Choice = Choice()
    sampling: Sampling = Sampling()

    max_age_hours: Annotated[float, Meta(gt=0)] | None = None
    hold_minutes: Annotated[float, Meta(ge=0, le=1440)] = 15
    settle_seconds: Annotated[float, Meta(ge=0, le=3600)] = 5
    retry_hours: Annotated[float, Meta(gt=0, le=720)] = 168
    most_waiting: Annotated[int, Meta(ge=1)] = 1_000_000

    @property
    def max_age_us(self) -> int | None:
        """The age above which nothing is sent, in microseconds; None where there is no such age."""
        hours = DATADOG_HOURS if self.max_age_hours is None and self.dialect == "datadog" else self.max_age_hours
        return None if hours is None else int(hours * 3_600_000_000)


def read_destination(declared: Mapping[str, object]) -> Destination:
    """The destination that these words declare; PermanentError says which of them is wrong, and how."""
    try:
        destination = msgspec.convert(dict(declared), Destination)
    except msgspec.ValidationError as error:
        name = declared.get("name")
        of = f" of the destination {name!r}" if isinstance(name, str) else ""
        msg = f"the declaration{of} cannot be used: {error}"
        raise PermanentError(msg) from None
    if wrong := _wrong(destination):
        msg = f"the destination {destination.name!r} cannot be used: {wrong}"
        raise PermanentError(msg)
    return destination


def words_of(destination: Destination) -> dict[str, object]:
    """The declaration that `destination` was read from, without what stands at its default."""
    written, defaults = _plain(destination), _plain(Destination(name="x", endpoint="x"))
    found = {name: value for name, value in written.items() if name in ("name", "endpoint") or value != defaults[name]}
    for part, unchanged in (("filter", Choice()), ("sampling", Sampling())):
        if part in found:
            usual = _plain(unchanged)
            told = cast("dict[str, object]", found[part])
            found[part] = {name: value for name, value in told.items() if value != usual[name]}
    return found


def address_of(destination: Destination, signal: Signal) -> str:
    """Where this signal is posted to."""
    named = destination.traces_endpoint if signal == "traces" else destination.metrics_endpoint
    return named or f"{destination.endpoint.rstrip('/')}/v1/{signal}"


def usual_headers(destination: Destination, signal: Signal) -> dict[str, str]:
    """What the dialect's back end wants to hear, unless the declaration says otherwise."""
    if destination.dialect != "datadog":
        return {}
    declared = {name.lower() for name in destination.headers}
    return {name: value for name, value in _DATADOG_HEADERS[signal].items() if name not in declared}


def sendable(value: str) -> bool:
    """Whether this can be a header's value."""
    return _UNSENDABLE.search(value) is None and value.isascii()


def _plain(declared: msgspec.Struct) -> dict[str, object]:
    return msgspec.json.decode(msgspec.json.encode(declared), type=dict[str, object])


def _wrong(destination: Destination) -> str | None:
    for part in ("endpoint", "traces_endpoint", "metrics_endpoint"):
        address = getattr(destination, part)
        if address is not None and not _is_address(address):
            return f"{part} must begin with http:// or https:// and a name, and hold no password"
    if "?" in destination.endpoint or "#" in destination.endpoint:
        return "endpoint is a base address without a query: use traces_endpoint"
    for name, value in destination.headers.items():
        if name.lower() in _OURS:
            return f"the header {name} is tracehub's to write"
        if not value or not sendable(value):
            return f"the header {name} has a value that cannot be sent"
    return None


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.username is None
            and (parts.port is None or parts.port > 0)
            and not any(ord(sign) <= 32 for sign in address)
        )
    except ValueError:
        return False
