"""An import that is killed anywhere and run again has neither lost nor doubled anything."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from tests.stores import content, migrated
from tests.torture import KILLS
from tests.traffic import demo_lines
from tracehub.store.database import Database, parse_url


def test_kill_9_at_random_points_loses_and_doubles_nothing(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    file.write_bytes(demo_lines(120))
    chance = random.Random(20)
    with migrated(database_url):
        pass
    began = time.monotonic()
    subprocess.run(_command(file), env=_environment(f"sqlite:///{tmp_path / 'whole.db'}"), check=True)
    whole = time.monotonic() - began
    interrupted = 0
    for _ in range(KILLS):
        process = subprocess.Popen(_command(file), env=_environment(database_url), stdout=subprocess.DEVNULL)
        try:
            process.wait(timeout=chance.uniform(whole * 0.3, whole))
        except subprocess.TimeoutExpired:
            process.kill()
            interrupted += 1
        process.wait()
    assert interrupted > 0
    subprocess.run(_command(file), env=_environment(database_url), check=True, stdout=subprocess.DEVNULL)
    assert _content(database_url) == _content(f"sqlite:///{tmp_path / 'whole.db'}")


def _content(url: str) -> dict[str, object]:
    database = Database(parse_url(url))
    try:
        return dict(content(database))
    finally:
        database.close()


def _command(file: Path) -> list[str]:
    return [sys.executable, "-m", "tracehub", "import", "--json", str(file)]


def _environment(url: str) -> dict[str, str]:
    return {**os.environ, "TRACEHUB_DATABASE_URL": url, "TRACEHUB_LOG_LEVEL": "ERROR"}
