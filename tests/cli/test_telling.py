"""`tracehub channels` and `tracehub silences`, as somebody at a terminal uses them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.alerting.receiver import Answer, receiving

CANARY = "canary-77ab"


def run(folder: Path, *words: str, fails: bool = False) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TRACEHUB_")},
        "COLUMNS": "200",
        "TRACEHUB_ALLOWED_NETWORKS": "127.0.0.0/8",
        "TRACEHUB_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "tracehub", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode != 0) is fails, done.stderr
    return done.stdout + done.stderr


def test_a_channel_of_the_file_is_listed_and_tested_without_its_secrets(tmp_path: Path) -> None:
    with receiving() as receiver:
        (tmp_path / "hook").write_text(f"{receiver.url}/{CANARY}")
        (tmp_path / "tracehub.toml").write_text(
            f'[[channels]]\nkind = "webhook"\nname = "on call"\nurl = "file:{tmp_path / "hook"}"\n'
        )
        listed = run(tmp_path, "channels", "list")
        assert "on call" in listed
        assert "webhook" in listed
        assert run(tmp_path, "channels", "test", "on call").strip() == "on call: it answered 200"
        assert b"This is a test of tracehub" in receiver.requests[0].body
        assert receiver.requests[0].path == f"/hook/{CANARY}"
        receiver.answers.append(Answer(404))
        said = run(tmp_path, "channels", "test", "on call", fails=True)
        assert "it answered 404" in said
        assert "no channel named" in run(tmp_path, "channels", "test", "nobody", fails=True)
        assert CANARY not in listed + said


def test_a_secret_that_stands_in_the_file_stands_sealed_in_the_database(tmp_path: Path) -> None:
    with receiving() as receiver:
        (tmp_path / "tracehub.toml").write_text(
            f'[[channels]]\nkind = "webhook"\nname = "on call"\nurl = "{receiver.url}/{CANARY}"\n'
        )
        listed = run(tmp_path, "channels", "list")
        assert run(tmp_path, "channels", "test", "on call").strip() == "on call: it answered 200"
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("tracehub.db*"))
    assert CANARY.encode() not in stored
    assert CANARY not in listed


def test_a_mistake_in_a_channel_names_the_file_and_the_word(tmp_path: Path) -> None:
    (tmp_path / "tracehub.toml").write_text('[[channels]]\nkind = "webhook"\nname = "x"\nurll = "https://a.example"\n')
    said = run(tmp_path, "channels", "list", fails=True)
    assert "tracehub.toml" in said
    assert "urll" in said


def test_a_silence_is_made_listed_and_ended(tmp_path: Path) -> None:
    assert "no silences" in run(tmp_path, "silences", "list")
    made = run(tmp_path, "silences", "add", "tool=~book_*", "severity!=critical", "--for", "3h", "--author", "Ada")
    found = re.match(r"([0-9a-f]{8}) holds until \d{4}-\d\d-\d\d \d\d:\d\d UTC", made)
    assert found is not None
    listed = run(tmp_path, "silences", "list")
    assert "tool=~book_*, severity!=critical" in listed
    assert "Ada" in listed
    assert "has ended" in run(tmp_path, "silences", "end", found[1])
    assert "no silences" in run(tmp_path, "silences", "list")


def test_a_silence_that_cannot_be_meant_is_refused(tmp_path: Path) -> None:
    assert "no condition" in run(tmp_path, "silences", "add", "tool", fails=True)
    assert "no length of time" in run(tmp_path, "silences", "add", "tool=x", "--for", "soon", fails=True)
    assert "0 silences" in run(tmp_path, "silences", "end", "abcd", fails=True)
