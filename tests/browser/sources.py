"""A server that reads sources in several states, from stand-ins of AWS, for pictures and tests of their page."""

import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

from tests.aws.logs_server import LogsServer, client_of
from tests.aws.moto_server import moto
from tests.browser.served import serving
from tracehub.collectors.cloudwatch.calls import NAMESPACE
from tracehub.demo.generate import generate, write

GROUP = "/aws/lambda/order-agent"
_KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "eu-central-1"}
_CALLS = 240
_SECONDS = 60


@contextmanager
def serving_sources(folder: Path) -> Iterator[str]:
    """`order agents` and `trace archive` follow, `old stack` fails; a push came with a piece for the quarantine."""
    with LogsServer() as logs, moto() as address, patch.dict(os.environ, _KEYS):
        _write_logs(logs)
        _count_calls(address)
        (folder / "tracehub.toml").write_text(_declared(logs.address, address, _fill_bucket(address)), "utf-8")
        with serving(folder) as served:
            body = _lines(3)[0].encode() + b'\n{"trace": {"agentId": "A", "trace": {"orchestrationTrace": {"broken": \n'
            urllib.request.urlopen(urllib.request.Request(f"{served}/api/v1/records", body), timeout=30).close()
            _settle(served)
            yield served


def _lines(seed: int) -> list[str]:
    out = BytesIO()
    write(generate(seed=seed, sessions=20, until=datetime.now(UTC) - timedelta(hours=2), days=1), out)
    return out.getvalue().decode().splitlines()


def _write_logs(logs: LogsServer) -> None:
    start = int(time.time() * 1000) - 3_600_000
    for number, line in enumerate(_lines(1)):
        for place in range(0, len(line), 250_000):
            logs.put(GROUP, f"stream {number % 2}", line[place : place + 250_000], timestamp_ms=start + number)


def _fill_bucket(address: str) -> str:
    bucket = f"traces-{uuid4().hex}"
    with client_of(address, "s3") as s3:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_object(Bucket=bucket, Key="traces/2026/11/23.jsonl", Body="\n".join(_lines(2)).encode())
    return bucket


def _count_calls(address: str) -> None:
    with client_of(address, "cloudwatch") as cloudwatch:
        datum = {
            "MetricName": "InvocationCount",
            "Dimensions": [{"Name": "Operation", "Value": "InvokeAgent"}],
            "Timestamp": datetime.now(UTC) - timedelta(hours=5),
            "Value": _CALLS,
        }
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[datum])


def _declared(logs: str, moto_address: str, bucket: str) -> str:
    return f"""
[[sources]]
kind = "cloudwatch"
name = "order agents"
log_groups = ["{GROUP}"]
endpoint_url = "{logs}"
since = "1d"

[[sources]]
kind = "cloudwatch"
name = "old stack"
log_groups = ["/aws/lambda/retired-agent"]
endpoint_url = "{logs}"

[[sources]]
kind = "s3"
name = "trace archive"
bucket = "{bucket}"
prefix = "traces/"
endpoint_url = "{moto_address}"
"""


def _settle(address: str) -> None:
    """Waits until everything is read and every failure is told."""
    page = ""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{address}/_/sources", timeout=30) as answer:
            page = answer.read().decode()
        if "1 failing" in page and "2 following" in page and "of calls are traced" in page:
            return
        time.sleep(0.25)
    raise AssertionError(f"the sources did not settle:\n{page}")
