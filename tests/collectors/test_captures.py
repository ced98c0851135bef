"""Every capture collects to the same traces as `tracehub import` of the file, from a log group and from a bucket."""

import gzip
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.aws.logs_server import LogsServer, client_of
from tests.collecting import collecting_from, imported, settled, until
from tests.test_corpus import CAPTURES
from tracehub.app import App
from tracehub.model.source import CloudWatchSource, S3Source
from tracehub.store import sources

TEXTS = [name for name in CAPTURES if not name.endswith(".bin")]
LARGEST_EVENT = 1_000_000


@pytest.fixture(scope="module")
def whole(corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What importing all text captures stores."""
    url = f"sqlite:///{tmp_path_factory.mktemp('captures') / 'whole.db'}"
    return imported(url, *((corpus_dir / name).read_bytes() for name in TEXTS))


@pytest.mark.parametrize("how", ["line by line", "as one record"])
def test_log_groups(corpus_dir: Path, database_url: str, whole: dict[str, Any], how: str) -> None:
    now = time.time_ns() // 1_000_000
    with LogsServer() as server:
        for name in TEXTS:
            text = (corpus_dir / name).read_text(encoding="utf-8")
            messages = text.splitlines() if how == "line by line" else _cut(text)
            for number, message in enumerate(messages):
                server.put(f"/captures/{name}", "stream", message, timestamp_ms=now - 600_000 + number)
        source = CloudWatchSource(
            name="captures",
            log_groups=tuple(f"/captures/{name}" for name in TEXTS),
            endpoint_url=server.address,
            poll_seconds=0.5,
            requests_per_second=50,
        )
        with collecting_from(database_url, source) as app:
            until(lambda: settled(app, whole), "the captures to be collected")


@pytest.mark.parametrize("compressed", ["plain", "gzip", "zstd"])
def test_a_bucket(
    corpus_dir: Path,
    database_url: str,
    moto_address: str,
    tmp_path_factory: pytest.TempPathFactory,
    compressed: str,
) -> None:
    bucket = tmp_path_factory.mktemp("captures").name.replace("_", "-") + f"-{time.time_ns()}"
    compressions: dict[str, Callable[[bytes], bytes]] = {
        "plain": bytes,
        "gzip": gzip.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }
    compress = compressions[compressed]
    contents = [(corpus_dir / name).read_bytes() for name in CAPTURES]
    expected = imported(f"sqlite:///{tmp_path_factory.mktemp('whole') / 'whole.db'}", *contents)
    with client_of(moto_address, "s3") as s3:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        for name, content in zip(CAPTURES, contents, strict=True):
            s3.put_object(Bucket=bucket, Key=f"traces/{name}", Body=compress(content))
    source = S3Source(name="captures", bucket=bucket, prefix="traces/", endpoint_url=moto_address, list_seconds=1)
    with collecting_from(database_url, source) as app:
        until(lambda: settled(app, expected), "the objects to be read")
        until(lambda: _events(app) == sum(row["event_count"] for row in expected["traces"]), "the counts")


def _events(app: App) -> int:
    with app.database.reading() as connection:
        return sources.one(connection, "captures").counts.events


def _cut(text: str) -> list[str]:
    return [text[start : start + LARGEST_EVENT] for start in range(0, len(text), LARGEST_EVENT)]
