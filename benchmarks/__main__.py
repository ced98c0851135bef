"""`make bench`: ingest, memory, bytes, start-up and pages, on SQLite and on PostgreSQL, each beside its floor."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from benchmarks.data import write_long_session, write_traffic
from benchmarks.floor import Floor, postgresql_floor, sqlite_floor
from benchmarks.pages import p95_ms, session_path
from benchmarks.report import Report
from benchmarks.server import environment, serving
from benchmarks.watch import Watch
from tests.databases import postgresql_server

LONG_SESSIONS = {"bench-2000": 2000, "bench-5000": 5000}


def main() -> None:
    """Measures what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--spans", type=int, default=100_000)
    parser.add_argument("--databases", default="sqlite,postgresql")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tracehub-bench-") as name:
        folder = Path(name)
        traffic = folder / "traffic.jsonl"
        write_traffic(traffic, given.spans)
        for session_id, steps in LONG_SESSIONS.items():
            write_long_session(folder / f"{session_id}.jsonl", session_id, steps)
        size = traffic.stat().st_size / 1e6
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {size:,.0f} MB of traffic")
        if "sqlite" in given.databases:
            (folder / "sqlite").mkdir()
            floor = sqlite_floor(traffic, folder)
            urls = [f"sqlite:///{folder}/sqlite/{step}.db" for step in ("import", "push")]
            measure("SQLite", traffic, folder, urls[0], urls[1], floor)
        if "postgresql" in given.databases:
            with postgresql_server() as server:
                bare, imported, pushed = (server.create_database() for _ in range(3))
                measure("PostgreSQL", traffic, folder, imported, pushed, postgresql_floor(traffic, bare))


def measure(name: str, traffic: Path, folder: Path, import_url: str, push_url: str, floor: Floor) -> None:
    """Prints one database's table."""
    report = Report(name)
    if name == "PostgreSQL":
        for url in (import_url, push_url):
            subprocess.run(
                [sys.executable, "-m", "tracehub", "db", "upgrade"],
                env=environment(url),
                check=True,
                stdout=subprocess.DEVNULL,
            )
    spans, events = _import(report, traffic, import_url, floor)
    _push(report, traffic, push_url, floor, spans, events)
    _pages(report, folder, import_url)
    _reindex(report, import_url, spans)
    report.print()


def _import(report: Report, traffic: Path, url: str, floor: Floor) -> tuple[int, int]:
    command = [sys.executable, "-m", "tracehub", "import", "--json", str(traffic)]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment(url), stdout=subprocess.PIPE)
    with Watch(process) as watch:
        output, _ = process.communicate()
    seconds = time.perf_counter() - began
    counts = json.loads(output)
    if counts["quarantined"] or process.returncode:
        msg = f"the import lost something: {counts}"
        raise RuntimeError(msg)
    spans = _scalar(url, "SELECT count(*) FROM spans")
    print(
        f"{spans:,} spans, {counts['events']:,} events, {counts['traces']:,} traces, {floor.size / spans:,.0f} B a span"
    )
    bare = spans / floor.pipeline_seconds
    report.add("import", spans / seconds, "spans/s", floor=bare, at_least=7500)
    report.add("import", counts["events"] / seconds, "events/s", floor=counts["events"] / floor.pipeline_seconds)
    report.add("import", floor.size / seconds / 1e6, "MB/s", floor=floor.size / floor.pipeline_seconds / 1e6)
    report.add("parsing alone (orjson.loads)", floor.size / floor.parse_seconds / 1e6, "MB/s")
    report.add(
        "import: CPU per 1,000 spans",
        watch.cpu_seconds / spans * 1000,
        "s",
        floor=floor.pipeline_seconds / spans * 1000,
        at_most=0.12,
    )
    report.add("import: peak memory", watch.peak_mb, "MB", at_most=300)
    report.add("database bytes per span", _size(url) / spans, "B", at_most=2200)
    return spans, counts["events"]


def _push(report: Report, traffic: Path, url: str, floor: Floor, spans: int, events: int) -> None:
    with serving(url) as (address, process, started):
        time.sleep(1)
        with Watch(process) as idle:
            time.sleep(0.3)
        with Watch(process) as watch:
            command = [sys.executable, "-m", "benchmarks.push", address, str(traffic)]
            seconds = float(subprocess.run(command, check=True, capture_output=True).stdout)
            time.sleep(0.1)
        stored = _scalar(url, "SELECT count(*) FROM spans")
        if stored != spans:
            msg = f"{stored} of {spans} spans were stored"
            raise RuntimeError(msg)
    report.add(
        "HTTP push, 4 connections", spans / seconds, "spans/s", floor=spans / floor.pipeline_seconds, at_least=7500
    )
    report.add("HTTP push", floor.size / seconds / 1e6, "MB/s", floor=floor.size / floor.pipeline_seconds / 1e6)
    report.add(
        "HTTP push: CPU per 1,000 spans",
        watch.cpu_seconds / spans * 1000,
        "s",
        floor=floor.pipeline_seconds / spans * 1000,
        at_most=0.12,
    )
    report.add("HTTP push: peak memory", watch.peak_mb, "MB", at_most=300)
    report.add("serve: start to first 200", started, "s", at_most=1.5)
    report.add("serve: idle memory", idle.peak_mb, "MB", at_most=120)


def _pages(report: Report, folder: Path, url: str) -> None:
    for session_id in LONG_SESSIONS:
        command = [sys.executable, "-m", "tracehub", "import", "--json", str(folder / f"{session_id}.jsonl")]
        subprocess.run(command, env=environment(url), check=True, stdout=subprocess.DEVNULL)
    with serving(url) as (address, _process, _started):
        spans = _scalar(url, "SELECT count(*) FROM spans")
        report.add(f"session list at {spans:,} spans, p95", p95_ms(address, "/sessions")[0], "ms", at_most=50)
        report.add(
            "session list, tool and agent filter, p95", p95_ms(address, "/sessions?errors=1&outcome=failed")[0], "ms"
        )
        for session_id, aim in (("bench-2000", 150), ("bench-5000", 80)):
            report.add(
                f"session page {session_id}, p95", p95_ms(address, session_path(session_id))[0], "ms", at_most=aim
            )
        report.add("tools page, p95", p95_ms(address, "/tools", 10)[0], "ms")


def _reindex(report: Report, url: str, spans: int) -> None:
    began = time.perf_counter()
    command = [sys.executable, "-m", "tracehub", "reindex"]
    subprocess.run(command, env=environment(url), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    report.add("reindex", spans / (time.perf_counter() - began), "spans/s", at_least=7500)


def _scalar(url: str, query: str) -> int:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return int(connection.scalar(text(query)) or 0)
    finally:
        engine.dispose()


def _size(url: str) -> int:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return sum(
            file.stat().st_size
            for file in Path(parsed.database or "").parent.glob(Path(parsed.database or "").name + "*")
        )
    return _scalar(url, "SELECT pg_database_size(current_database())")


if __name__ == "__main__":
    main()
