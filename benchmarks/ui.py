"""`make bench-ui`: what pages cost in Chromium, over a large database, beside their aims and beside Phoenix."""

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from benchmarks import phoenix
from benchmarks.browser import Load, clicks, measure
from benchmarks.data import write_traffic
from benchmarks.pages import p95_ms, session_path
from benchmarks.report import Report
from benchmarks.server import environment, serving
from tests.chromium import running_browser
from tests.long_sessions import long_session

RESULTS = Path(__file__).resolve().parent / "results"
# Sessions by their steps. The first kind is of short turns, so that it is loaded turn by turn; `whole` is not.
LONG = (200, 2_000, 5_000, 100_000)
WHOLE = 1_500
BESIDE = (200, 2_000, 5_000)
CLICKS = 30
REPORTS = (
    "/tools",
    "/tools?since=2026-10-21",
    "/tools?since=2026-11-19T23:00:00",
    "/tools/OrderActions__get_order",
    "/latency",
    "/latency?by=model",
    "/cost",
    "/knowledge-bases",
    "/guardrails",
    "/compare",
)
SEARCHES = (
    "/sessions?q=refund",
    "/sessions?q=%22out+of+stock%22",
    "/sessions?q=error:timeout",
    "/sessions?q=%E8%AE%A2%E5%8D%95",
    "/sessions?q=A-10422",
    "/sessions?q=nosuchword",
)
LISTS = (
    "/sessions?errors=1",
    "/sessions?tool=OrderActions__refund_order",
    "/sessions?sort=cost",
    "/sessions?agent=HRASSIST01&outcome=failed",
    "/sessions?model=nothing",
)
ROW = ".r[id] > a:first-child"
LIST_ROW = "th[scope=row] a"
PHOENIX_ROW = ".span-node__heading"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="make bench-ui", description=__doc__)
    parser.add_argument("--spans", type=int, default=1_000_000, help="spans in the database beside the long sessions")
    parser.add_argument("--runs", type=int, default=5, help="loads of each page")
    parser.add_argument("--no-phoenix", action="store_true", help="leave Phoenix out")
    given = parser.parse_args()
    url = _database(given.spans)
    with running_browser() as browser:
        with serving(url) as (address, _process, _started):
            beside = {steps: _ours(browser, address, steps, given.runs) for steps in BESIDE}
            report = Report(f"Pages in Chromium over {given.spans:,} spans, cold, medians of {given.runs} loads")
            _tell_list(report, browser, address, given.runs)
            _tell_pages(report, address)
            for steps in (*LONG, WHOLE):
                _tell_session(report, browser, address, steps, given.runs, beside.get(steps))
            report.print()
            traces = {} if given.no_phoenix else {steps: _traces(address, _name(steps)) for steps in BESIDE}
        if not given.no_phoenix:
            _beside_phoenix(browser, traces, beside, given.runs)


def _name(steps: int) -> str:
    return "ui-whole" if steps == WHOLE else f"ui-{steps}"


def _tell_list(report: Report, browser: Browser, address: str, runs: int) -> None:
    for slower in (1, 4):
        load = measure(browser, f"{address}/sessions", LIST_ROW, runs=runs, slower=slower)
        _tell(report, "list of 50", load, slower)
    report.add("list of 50: request, p95", p95_ms(address, "/sessions")[0], "ms", at_most=250)


def _tell_pages(report: Report, address: str) -> None:
    """The whole request of every other page, and of lists that are searched, filtered and ordered."""
    for name, paths, most in (("report", REPORTS, 100), ("search", SEARCHES, 200), ("list", LISTS, 250)):
        for path in paths:
            report.add(f"{name} {path}: request, p95", p95_ms(address, path, 15)[0], "ms", at_most=most)


def _tell_session(report: Report, browser: Browser, address: str, steps: int, runs: int, load: Load | None) -> None:
    path = session_path(_name(steps))
    what = f"{steps:,} steps" + (", whole" if steps == WHOLE else "")
    load = load or _ours(browser, address, steps, runs)
    _tell(report, what, load, 1)
    if steps in (2_000, WHOLE):
        slow = measure(browser, address + path, ROW, runs=runs, slower=4)
        _tell(report, what, slow, 4)
    report.add(f"{what}: request, p95", p95_ms(address, path, 15)[0], "ms", at_most=250)
    took = clicks(browser, address + path, f"details[open] {ROW}", CLICKS)
    report.add(f"{what}: click to detail, p50", took[len(took) // 2], "ms")
    report.add(f"{what}: click to detail, p95", took[int(len(took) * 0.95)], "ms", at_most=100)


def _ours(browser: Browser, address: str, steps: int, runs: int) -> Load:
    return measure(browser, address + session_path(_name(steps)), ROW, runs=runs)


def _tell(report: Report, what: str, load: Load, slower: int) -> None:
    name = what if slower == 1 else f"{what}, CPU {slower} times slower"
    lcp = (300 if what.startswith("list") else 400) if slower == 1 else 1_000
    report.add(f"{name}: LCP", load.lcp, "ms", at_most=lcp)
    report.add(f"{name}: blocked (TBT)", load.blocked, "ms", at_most=50 if slower == 1 else 300)
    if slower > 1:
        return
    report.add(f"{name}: first row", load.first, "ms")
    report.add(f"{name}: server", load.server, "ms")
    report.add(f"{name}: layout shift (CLS)", round(load.shifted, 4), "", at_most=0)
    report.add(f"{name}: transferred", load.bytes / 1024, "KB")
    report.add(f"{name}: elements", load.nodes, "", at_most=15_000)


def _beside_phoenix(
    browser: Browser, traces: dict[int, list[dict[str, Any]]], ours: dict[int, Load], runs: int
) -> None:
    version = phoenix.installed()
    if version is None:
        print(f"{phoenix.PACKAGE} could not be installed: its figures are left out")
        return
    report = Report(f"Beside Phoenix {version} (floor), which shows the same steps as one trace")
    with tempfile.TemporaryDirectory(prefix="tracehub-phoenix-") as name, phoenix.serving(Path(name)) as address:
        for steps in BESIDE:
            path = phoenix.load(address, _name(steps), traces[steps])
            theirs = measure(browser, address + path, PHOENIX_ROW, runs=min(runs, 3), settle=1.5)
            for what, unit, scale in (
                ("first", "ms", 1),
                ("lcp", "ms", 1),
                ("blocked", "ms", 1),
                ("nodes", "", 1),
                ("bytes", "KB", 1024),
            ):
                report.add(
                    f"{steps:,} steps: {what}",
                    getattr(ours[steps], what) / scale,
                    unit,
                    floor=getattr(theirs, what) / scale,
                )
    report.print()


def _traces(address: str, session_id: str) -> list[dict[str, Any]]:
    """The turns of a session with their spans, as the API tells them."""
    with urllib.request.urlopen(f"{address}/api/v1/sessions/{session_id}", timeout=60) as answer:
        listed = json.load(answer)["traces"]
    found = []
    for trace in listed:
        with urllib.request.urlopen(f"{address}/api/v1/traces/{trace['trace_id']}", timeout=60) as answer:
            found.append(json.load(answer))
    return found


def _database(spans: int) -> str:
    """A database with so many spans and the long sessions, made by `tracehub import`, or that of an earlier run."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"ui-{spans}.db"
    done = file.with_suffix(".loaded")
    url = f"sqlite:///{file}"
    if done.exists():
        print(f"over {file.name} of an earlier run")
        return url
    for left in RESULTS.glob(f"{file.name}*"):
        left.unlink()
    with tempfile.TemporaryDirectory(prefix="tracehub-bench-", dir=RESULTS) as name:
        traffic = Path(name) / "traffic.jsonl"
        write_traffic(traffic, spans)
        _import(traffic, url)
        with traffic.open("wb") as out:
            for steps in LONG:
                out.writelines(long_session(_name(steps), steps))
            out.writelines(long_session(_name(WHOLE), WHOLE, least=15))
        _import(traffic, url)
    done.touch()
    return url


def _import(file: Path, url: str) -> None:
    command = [sys.executable, "-m", "tracehub", "import", "--json", str(file)]
    subprocess.run(command, env=environment(url), check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
