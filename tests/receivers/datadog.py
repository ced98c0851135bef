"""Datadog's own receiver of OTLP, as far as it can be run: ddapm-test-agent, which decodes and remembers everything."""

import json
import urllib.request
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.receivers.environments import programs_of
from tests.receivers.processes import free_port, running


@dataclass(frozen=True)
class Heard:
    """One request as it came; names of headers are lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class DatadogAgent:
    """A running one."""

    def __init__(self, address: str) -> None:
        self.address = address

    def resource_spans(self) -> list[dict[str, Any]]:
        """All that it decoded of traces, of all requests, in protobuf's JSON with the names of its fields."""
        return [each for traces in self._told("traces") for each in traces.get("resource_spans", ())]

    def metrics(self) -> list[dict[str, Any]]:
        """All that it decoded of metrics."""
        return [each for metrics in self._told("metrics") for each in metrics.get("resource_metrics", ())]

    def requests(self) -> list[Heard]:
        """All requests that it took, in their order."""
        return [
            Heard(
                path=urlsplit(each["url"]).path,
                headers={name.lower(): value for name, value in each["headers"].items()},
                body=b64decode(each["body"]),
            )
            for each in self._told("requests")
        ]

    def clear(self) -> None:
        """Lets it forget everything."""
        with urllib.request.urlopen(f"{self.address}/test/session/clear", timeout=60):
            pass

    def _told(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.address}/test/session/{what}", timeout=120) as answer:
            return json.load(answer)


@contextmanager
def serving(folder: Path) -> Iterator[DatadogAgent]:
    """One that has heard nothing yet."""
    port, http, grpc = free_port(), free_port(), free_port()
    ports = ["--port", str(port), "--otlp-http-port", str(http), "--otlp-grpc-port", str(grpc)]
    command = [str(programs_of("datadog") / "ddapm-test-agent"), *ports]
    with running(command, folder, f"http://127.0.0.1:{http}/test/session/requests"):
        yield DatadogAgent(f"http://127.0.0.1:{http}")
