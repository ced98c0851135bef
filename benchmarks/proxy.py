"""`python -m benchmarks.proxy`: calls through the proxy beside direct ones and beside nginx, in one run."""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import psutil

from benchmarks.report import Report
from tests.proxying import client_of, proxying

CHECKOUT = Path(__file__).resolve().parent.parent
FRAMES, FRAME_BYTES = 20, 2000
# streams, milliseconds between frames, calls of each stream
LOADS = ((1, 20, 10), (50, 20, 10), (500, 200, 2))
BOTO3_CALLS = 60
_CALLED = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345"}
_NGINX = """
daemon off; master_process off; worker_processes 1; error_log {folder}/error.log; pid {folder}/pid;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  upstream agent {{ server 127.0.0.1:{upstream}; keepalive 600; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    location / {{ proxy_pass http://agent; }}
  }}
}}
"""


class Said(TypedDict):
    """What benchmarks.streams prints."""

    seconds: float
    first: list[int]
    late: list[int]


@dataclass
class Way:
    """One way to the upstream; `process` is the one in the middle."""

    name: str
    port: int
    process: psutil.Process | None
    key_id: str = "AKIDDIRECT"
    secret: str = "direct"
    cpu: dict[int, list[float]] = field(default_factory=dict)
    first: dict[int, list[float]] = field(default_factory=dict)
    late: dict[int, list[float]] = field(default_factory=dict)
    rate: dict[int, list[float]] = field(default_factory=dict)
    memory: dict[int, float] = field(default_factory=dict)

    def run(self, streams: int, apart: int, times: int) -> None:
        """One round of a load."""
        before = _cpu(self.process)
        said = _load(self, streams, apart, times)
        frames = streams * times * FRAMES
        assert len(said["late"]) == frames, f"{len(said['late'])} of {frames} frames came by {self.name}"
        self.cpu.setdefault(streams, []).append((_cpu(self.process) - before) / frames * 1e6)
        self.first.setdefault(streams, []).extend(each / 1e6 for each in said["first"])
        self.late.setdefault(streams, []).extend(each / 1e6 for each in said["late"])
        self.rate.setdefault(streams, []).append(streams * times / said["seconds"])
        if self.process is not None:
            self.memory[streams] = max(self.memory.get(streams, 0.0), self.process.memory_info().rss / 1e6)


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tracehub-bench-")))
        upstream = _free_port()
        agent = [sys.executable, "-m", "benchmarks.paced_agent", str(upstream)]
        stack.enter_context(_running(agent, upstream))
        ways = [Way("direct", upstream, None)]
        if shutil.which("nginx"):
            ways.append(stack.enter_context(_nginx(folder, upstream)))
        (folder / "proxy").mkdir()
        address = f"http://127.0.0.1:{upstream}"
        run = stack.enter_context(
            proxying(address, folder / "proxy", alone=True, proxy_spool_bytes=str(4 * 2**30), log_level="ERROR")
        )
        port = int(run.address.rpartition(":")[2])
        ways.append(Way("proxy", port, psutil.Process(run.process.pid), run.key_id, run.secret))
        for way in ways:
            _load(way, 20, 5, 2)
        for _ in range(given.rounds):
            for load in LOADS:
                for way in ways:
                    way.run(*load)
        report = Report(f"The proxy: {FRAMES} frames of {FRAME_BYTES} B a call, {given.rounds} rounds")
        for streams, apart, _ in LOADS:
            _tell(report, ways, streams, apart)
        _tell_boto3(report, ways[0], ways[-1])
        report.print()
        if len(ways) < 3:
            print("nginx is not installed: its figures, and the ratios to it, are left out")


def _tell(report: Report, ways: list[Way], streams: int, apart: int) -> None:
    direct, proxy = ways[0], ways[-1]
    nginx = ways[1] if len(ways) == 3 else None
    what = f"{streams} streams, {apart} ms apart"
    floor = statistics.median(nginx.cpu[streams]) if nginx else None
    cpu = statistics.median(proxy.cpu[streams])
    aim = 3 * floor if floor and streams > 1 else None
    report.add(f"{what}: CPU a frame", cpu, "µs", floor=floor, at_most=round(aim, 1) if aim else None)
    for way in ways[1:]:
        for name, values, base in (
            ("added to the first byte", way.first[streams], direct.first[streams]),
            ("added to a frame", way.late[streams], direct.late[streams]),
        ):
            for percent in (50, 99):
                added = _percentile(values, percent) - _percentile(base, percent)
                report.add(f"{what}: {way.name}, {name}, p{percent}", added, "ms", floor=_percentile(base, percent))
    for way in ways:
        report.add(f"{what}: {way.name}", statistics.median(way.rate[streams]), "calls/s")
    limit = 150 if streams == 500 else None
    report.add(f"{what}: memory", proxy.memory[streams], "MB", at_most=limit)


def _tell_boto3(report: Report, direct: Way, proxy: Way) -> None:
    """What a real client waits for its first event while 50 others stream, by turns."""
    task = _task(proxy, 50, 20, 40)
    command = [sys.executable, "-m", "benchmarks.streams"]
    others = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert others.stdin is not None
    others.stdin.write(task)
    others.stdin.close()
    time.sleep(1)
    took: dict[str, list[float]] = {direct.name: [], proxy.name: []}
    clients = {way.name: client_of(f"http://127.0.0.1:{way.port}", way.key_id, way.secret) for way in (direct, proxy)}
    for _ in range(BOTO3_CALLS):
        for name, client in clients.items():
            began = time.perf_counter()
            stream = client.invoke_agent(
                agentId="AGENT12345",
                agentAliasId="ALIAS12345",
                sessionId="pace-2-0-2000",
                inputText="hi",
                enableTrace=True,
            )["completion"]
            next(iter(stream))
            took[name].append((time.perf_counter() - began) * 1000)
            for _event in stream:
                pass
    for client in clients.values():
        client.close()
    others.kill()
    others.wait()
    base = statistics.median(took[direct.name])
    added = statistics.median(took[proxy.name]) - base
    report.add("50 streams: added to boto3's first event, p50", added, "ms", floor=base, at_most=1)


def _task(way: Way, streams: int, apart: int, times: int) -> bytes:
    return json.dumps(
        {
            "host": "127.0.0.1",
            "port": way.port,
            "key_id": way.key_id,
            "secret": way.secret,
            "streams": streams,
            "times": times,
            "pace": f"pace-{FRAMES}-{apart}-{FRAME_BYTES}",
            "apart_ms": apart * FRAMES / streams,
        }
    ).encode()


def _load(way: Way, streams: int, apart: int, times: int) -> Said:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.streams"],
        cwd=CHECKOUT,
        input=_task(way, streams, apart, times),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    said: Said = json.loads(done.stdout)
    return said


@contextmanager
def _nginx(folder: Path, upstream: int) -> Iterator[Way]:
    own = folder / "nginx"
    own.mkdir()
    port = _free_port()
    (own / "nginx.conf").write_text(_NGINX.format(folder=own, upstream=upstream, port=port))
    command = ["nginx", "-c", str(own / "nginx.conf"), "-p", str(own)]
    with _running(command, port) as process:
        yield Way("nginx", port, psutil.Process(process.pid))


@contextmanager
def _running(command: list[str], port: int) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(command, cwd=CHECKOUT)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, f"{command[0]} ended"
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def _cpu(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    times = process.cpu_times()
    return float(times.user + times.system)


def _percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    main()
