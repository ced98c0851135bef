"""Collection from CloudWatch Logs and S3 beside a bare boto3 loop that fetches the same bytes."""

import argparse
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.data import write_traffic
from benchmarks.report import Report
from benchmarks.server import environment
from benchmarks.watch import Watch
from tests.aws.logs_server import LogsServer, client_of
from tests.aws.moto_server import moto

GROUP = "/aws/lambda/agent"
STREAMS = 4
BUCKET = "bench-traces"
OBJECT = 4_000_000
LIMIT_SECONDS = 1800
KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": "eu-central-1"}


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.collect", description=__doc__)
    parser.add_argument("--spans", type=int, default=40_000)
    parser.add_argument("--sources", default="logs,s3")
    given = parser.parse_args()
    os.environ |= KEYS
    with tempfile.TemporaryDirectory(prefix="tracehub-bench-") as name:
        folder = Path(name)
        traffic = folder / "traffic.jsonl"
        write_traffic(traffic, given.spans)
        size = traffic.stat().st_size / 1e6
        report = Report(f"Collection of {size:,.0f} MB ({os.cpu_count()} cores, SQLite)")
        if "logs" in given.sources:
            with _logs_of(traffic) as address:
                declared = f'kind = "cloudwatch"\nlog_groups = ["{GROUP}"]\nsince = "1d"\nrequests_per_second = 50\n'
                _measure(report, "CloudWatch", size, folder, address, declared, lambda: _bare_logs(address))
        if "s3" in given.sources:
            with moto() as address:
                _fill_bucket(address, traffic)
                declared = f'kind = "s3"\nbucket = "{BUCKET}"\n'
                _measure(report, "S3", size, folder, address, declared, lambda: _bare_s3(address))
        report.print()


def _measure(
    report: Report, what: str, size: float, folder: Path, address: str, declared: str, bare: Callable[[], int]
) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    fetched = bare()
    bare_seconds, bare_cpu = time.perf_counter() - began, time.process_time() - cpu
    assert fetched >= size * 1e6 * 0.99, f"the bare loop fetched {fetched} bytes"
    config = folder / f"{what}.toml"
    config.write_text(
        f'[[sources]]\nname = "bench"\nregion = "eu-central-1"\nendpoint_url = "{address}"\n{declared}',
        encoding="utf-8",
    )
    file = folder / f"{what}.db"
    command = [sys.executable, "-m", "tracehub", "collect", "--config", str(config)]
    process = subprocess.Popen(command, env=environment(f"sqlite:///{file}"), stdout=subprocess.DEVNULL)
    began = time.perf_counter()
    with Watch(process) as watch:
        memory = _await(file, process, watch)
    seconds = time.perf_counter() - began
    process.terminate()
    process.wait(60)
    report.add(f"{what}", size / seconds, "MB/s", floor=size / bare_seconds)
    report.add(f"{what}: CPU share", watch.cpu_seconds / seconds, "cores", floor=bare_cpu / bare_seconds)
    report.add(f"{what}: CPU per MB", watch.cpu_seconds / size, "s", floor=bare_cpu / size)
    report.add(f"{what}: memory after a quarter", memory[0], "MB")
    report.add(f"{what}: peak memory", watch.peak_mb, "MB", at_most=300)
    report.add(f"{what}: peak memory of the last quarter, over the first's", watch.peak_mb / memory[0], "", at_most=1.3)


def _await(file: Path, process: "subprocess.Popen[bytes]", watch: Watch) -> tuple[float]:
    """Waits until all is read and follows; the peak memory after the first quarter of the time it took."""
    seen: list[tuple[float, float]] = []
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            msg = f"tracehub collect ended with {process.returncode}"
            raise RuntimeError(msg)
        seen.append((time.monotonic(), watch.peak_mb))
        if _follows(file):
            middle = seen[0][0] + (seen[-1][0] - seen[0][0]) / 4
            return (next(peak for at, peak in seen if at >= middle),)
        time.sleep(0.25)
    msg = "it took too long"
    raise RuntimeError(msg)


def _follows(file: Path) -> bool:
    if not file.exists():
        return False
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT state FROM source_shards").fetchall() == [("following",)]
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()


@contextmanager
def _logs_of(traffic: Path) -> Iterator[str]:
    """A log group with the traffic, served by a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve_logs, args=(str(traffic), there))
    process.start()
    try:
        yield here.recv()
    finally:
        here.send(None)
        process.join(30)


def _serve_logs(traffic: str, connection: Connection) -> None:
    start = time.time_ns() // 1_000_000 - 6 * 3_600_000
    with LogsServer() as server, Path(traffic).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            stream = f"stream {number % STREAMS}"
            for place in range(0, len(line), 250_000):
                server.put(GROUP, stream, line.rstrip("\n")[place : place + 250_000], timestamp_ms=start + number)
        connection.send(server.address)
        connection.recv()


def _bare_logs(address: str) -> int:
    size = 0
    with client_of(address, "logs") as logs:
        asked: dict[str, Any] = {"logGroupName": GROUP, "startTime": 0, "endTime": 2**43}
        while True:
            answer = logs.filter_log_events(**asked)
            size += sum(len(event["message"]) for event in answer["events"])
            if "nextToken" not in answer:
                return size
            asked["nextToken"] = answer["nextToken"]


def _fill_bucket(address: str, traffic: Path) -> None:
    with client_of(address, "s3") as s3, traffic.open("rb") as file:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        number = 0
        while lines := file.readlines(OBJECT):
            s3.put_object(Bucket=BUCKET, Key=f"traces/{number:06d}.jsonl", Body=b"".join(lines))
            number += 1


def _bare_s3(address: str) -> int:
    size = 0
    with client_of(address, "s3") as s3:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for found in page["Contents"]:
                for chunk in s3.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].iter_chunks(256 * 1024):
                    size += len(chunk)
    return size


if __name__ == "__main__":
    main()
