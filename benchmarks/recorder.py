"""`python -m benchmarks.recorder`: what recording adds to every event that an application reads."""

import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
from botocore.eventstream import EventStream
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import EventStreamJSONParser

from benchmarks.report import Report
from tests.aws.agent_runtime import frame_of
from tests.traffic import demo_lines
from tracehub.recorder import Sink, record, to_http, to_logging, to_s3, to_stdout

ROUNDS = 15


def main() -> None:
    """Prints a table: the same botocore stream read bare and through each sink, in one run."""
    streams = [orjson.loads(line)["completion"] for line in demo_lines(60).splitlines()]
    frames = [b"".join(frame_of(message) for message in stream if not _fails(message)) for stream in streams]
    events = sum(len(stream) for stream in streams)
    size = sum(map(len, frames)) / events
    logging.getLogger("tracehub.recorder").disabled = True
    report = Report(
        f"Recorder: added to each event ({events} events a round of {size:,.0f} B, median of {ROUNDS} rounds)"
    )
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w", encoding="utf-8") as nowhere:
        logger = logging.Logger("bench")
        logger.addHandler(logging.StreamHandler(nowhere))
        sinks: dict[str, Sink] = {
            "standard output": to_stdout(nowhere),
            "logging": to_logging(logger),
            "S3 (put elsewhere)": to_s3(_NoClient(), "bucket"),
            "HTTP (server away, spooled)": to_http(
                "http://127.0.0.1:9/api/v1/records", spool=f"{folder}/spool", spool_bytes=2**30
            ),
        }
        bare = _round(frames, lambda stream: stream)
        report.add("read bare: boto3 alone", bare / events * 1e6, "µs")
        for name, sink in sinks.items():
            took = _round(frames, lambda stream, sink=sink: record({"completion": stream}, sink))  # type: ignore[misc]
            report.add(f"added by {name}", (took - bare) / events * 1e6, "µs", floor=bare / events * 1e6)
    report.print()


def _round(frames: list[bytes], around: Callable[[Any], Any]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for data in frames:
            for _event in around(_stream(data)):
                pass
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _stream(data: bytes) -> Any:
    """The stream as botocore parses it."""
    return EventStream(_Raw(data), _shape(), EventStreamJSONParser(), "InvokeAgent")


@cache
def _shape() -> Any:
    model = ServiceModel(Loader().load_service_model("bedrock-agent-runtime", "service-2"))
    return model.operation_model("InvokeAgent").get_event_stream_output()


class _Raw:
    """The connection's side."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Any:
        for start in range(0, len(self._data), 8192):
            yield self._data[start : start + 8192]

    def close(self) -> None:
        pass


class _NoClient:
    def put_object(self, **_: object) -> None:
        pass


def _fails(message: dict[str, object]) -> bool:
    return next(iter(message)).endswith("Exception")


if __name__ == "__main__":
    main()
