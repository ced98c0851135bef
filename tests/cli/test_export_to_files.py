"""`tracehub export --to DIR`, as a real process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from tests.cli.test_commands import run
from tests.traffic import demo_events, demo_lines
from tracehub.cli.export.to_files import EVENTS, SPANS, TRACES
from tracehub.store.database import Database, parse_url

SESSIONS = 8


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imported")
    done = run(folder, "import", "-", given=demo_lines(SESSIONS))
    assert done.returncode == 0, done.stderr
    return folder


def lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_all_three_files_hold_every_trace(imported: Path, tmp_path: Path) -> None:
    done = run(imported, "export", "--to", str(tmp_path / "new" / "folder"))
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "new" / "folder"
    assert sorted(file.name for file in folder.iterdir()) == sorted((TRACES, EVENTS, SPANS))
    events = demo_events(SESSIONS)
    traces = {event.trace_id for event in events}
    assert {_trace_id(line) for line in lines(folder / TRACES)} == traces
    assert len(lines(folder / EVENTS)) == len({(event.trace_id, event.event_id) for event in events})
    rows = pyarrow.parquet.read_table(folder / SPANS).to_pylist()
    assert {row["trace_id"] for row in rows} == traces
    assert f"{len(traces):,} traces with {len(rows):,} spans" in done.stdout


def test_turns_point_to_the_turns_before_them(imported: Path, tmp_path: Path) -> None:
    run(imported, "export", "--to", str(tmp_path))
    roots = {
        _trace_id(line): line["resourceSpans"][-1]["scopeSpans"][0]["spans"][-1] for line in lines(tmp_path / TRACES)
    }
    linked = [link for root in roots.values() for link in root.get("links", ())]
    assert {link["attributes"][0]["value"]["stringValue"] for link in linked} == {"previous_turn", "return_of_control"}
    for link in linked:
        if link["attributes"][0]["value"]["stringValue"] == "previous_turn":
            assert roots[link["traceId"]]["spanId"] == link["spanId"]


def test_the_events_import_as_what_they_came_from(imported: Path, tmp_path: Path) -> None:
    run(imported, "export", "--to", str(tmp_path / "first"))
    assert run(tmp_path, "import", str(tmp_path / "first" / EVENTS)).returncode == 0
    run(tmp_path, "export", "--to", str(tmp_path / "second"))
    once, again = (sorted(map(_trace_id, lines(tmp_path / name / TRACES))) for name in ("first", "second"))
    assert once == again


def test_filters_choose_traces(imported: Path, tmp_path: Path) -> None:
    run(imported, "export", "--to", str(tmp_path / "all"))
    rows = pyarrow.parquet.read_table(tmp_path / "all" / SPANS).to_pylist()
    agent = next(row["agent_id"] for row in rows if row["agent_id"])
    wanted = {row["trace_id"] for row in rows if row["agent_id"] == agent and row["parent_seq"] is None}
    run(imported, "export", "--to", str(tmp_path / "one"), "--agent", agent)
    assert {_trace_id(line) for line in lines(tmp_path / "one" / TRACES)} == wanted
    run(imported, "export", "--to", str(tmp_path / "none"), "--until", "2020-01-01")
    assert (tmp_path / "none" / TRACES).read_bytes() == (tmp_path / "none" / EVENTS).read_bytes() == b""
    assert pyarrow.parquet.read_table(tmp_path / "none" / SPANS).num_rows == 0


def test_content_is_left_out_where_that_is_asked_for(imported: Path, tmp_path: Path) -> None:
    run(imported, "export", "--to", str(tmp_path), "--content", "off")
    assert b"gen_ai.input.messages" not in (tmp_path / TRACES).read_bytes()
    run(imported, "export", "--to", str(tmp_path))
    assert b"gen_ai.input.messages" in (tmp_path / TRACES).read_bytes()


def test_a_running_tracehub_keeps_its_database(imported: Path, tmp_path: Path) -> None:
    database = Database(parse_url(f"sqlite:///{imported / 'tracehub.db'}"))
    try:
        assert run(imported, "export", "--to", str(tmp_path)).returncode == 0
    finally:
        database.close()


def test_what_cannot_be_done_is_said(imported: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    for words, said in (
        (("--to", str(tmp_path / "file")), "cannot write to"),
        (("--to", str(tmp_path), "--since", "yesterday"), "neither a time"),
        ((), "--to"),
    ):
        done = run(imported, "export", *words)
        assert done.returncode == 2
        assert said in done.stdout + done.stderr
    assert (tmp_path / "file").read_text() == "kept"
    assert "there is no database" in run(tmp_path, "export", "--to", str(tmp_path / "out")).stderr


def test_who_is_stopped_in_the_middle_leaves_the_files_as_they_were(imported: Path, tmp_path: Path) -> None:
    (tmp_path / TRACES).write_text("before")
    program = (
        "import sys, tracehub.cli.export.to_files as files\n"
        "def fail(*_): raise OSError('disk full')\n"
        "files.parquet = fail\n"
        "from tracehub.cli import main\n"
        f"sys.argv = ['tracehub', 'export', '--to', {str(tmp_path)!r}]\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=imported, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"disk full" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == [TRACES]
    assert (tmp_path / TRACES).read_text() == "before"


def _trace_id(line: Any) -> str:
    return str(line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"])
