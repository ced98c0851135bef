"""What is wrong with a database, on both kinds."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stores import migrated
from tracehub.app import clock
from tracehub.collectors.probes.finding import Finding
from tracehub.model.source import S3Source
from tracehub.pipeline.doctor.database import DatabaseLook, Stored
from tracehub.store import migrate, sources
from tracehub.store.database import Database, parse_url

GIB = 1024**3
ROOM = "ok: 7 GiB are free on its disk"
SOURCE = S3Source(name="archive", bucket="traces")


def test_a_database_as_it_should_be(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        sources.declare(connection, SOURCE, declared_in="ui", now=1)
        sources.declare_pushed(connection, "a stream", "firehose", now=1)
    look, said = examined(database_url)

    assert look.sources == (Stored(SOURCE, "ui"),)
    assert said[1] == f"ok: its schema is current (revision {migrate.head_revision()})"
    assert said[2:] == [ROOM if is_sqlite(database_url) else "ok: its clock agrees with this machine's"]
    name = f"SQLite V: {parse_url(database_url).database}" if is_sqlite(database_url) else "PostgreSQL V: "
    assert said[0].startswith(f"ok: {name}")


def test_an_old_schema_is_told(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        migrate.downgrade(connection, "0001")
    look, said = examined(database_url)

    old = f"its schema is at revision 0001, this tracehub needs {migrate.head_revision()}"
    migrates_itself = f"ok: {old}: the next start migrates it"
    assert said[1] == (migrates_itself if is_sqlite(database_url) else f"problem: {old} -> run `tracehub db upgrade`")
    assert look.sources is None


def test_the_schema_of_a_newer_tracehub_is_told(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    assert examined(database_url)[1][1] == (
        f"problem: its schema is of a newer tracehub (revision 9999, this one knows {migrate.head_revision()}) -> run "
        "that newer tracehub"
    )


@pytest.mark.postgres
def test_an_empty_postgresql_needs_an_upgrade(postgresql_url: str) -> None:
    assert examined(postgresql_url)[1][1] == "problem: it holds no tables yet -> run `tracehub db upgrade`"


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("seconds", "skew"), [(7200, "120 minutes ahead of"), (-90, "90 s behind"), (400, "7 minutes ahead of")]
)
def test_a_clock_apart_from_the_databases_is_told(postgresql_url: str, seconds: int, skew: str) -> None:
    look = DatabaseLook(postgresql_url, lambda: clock() + seconds * 1_000_000)

    assert lines(look.findings())[-1] == (
        f"warning: this machine's clock is {skew} the database's -> let NTP set both clocks, or times that are shown "
        "will be off"
    )


def test_an_unreachable_postgresql_is_told_without_the_password() -> None:
    look, said = examined("postgresql://tracehub:the-password@127.0.0.1:9/traces")

    assert len(said) == 1
    assert said[0].startswith("problem: traces at 127.0.0.1 cannot be used: ")
    assert said[0].endswith(" -> start it, or mend TRACEHUB_DATABASE_URL and the network to it")
    assert "the-password" not in said[0]
    assert look.password == "the-password"


def test_a_database_of_another_kind_is_told() -> None:
    assert examined("mysql://a/b")[1] == [
        "problem: TRACEHUB_DATABASE_URL names mysql, but only sqlite and postgresql are supported -> set "
        "TRACEHUB_DATABASE_URL"
    ]


def test_a_url_without_a_file_is_told() -> None:
    assert examined("sqlite://")[1] == [
        "problem: TRACEHUB_DATABASE_URL names no file -> set it to sqlite:///tracehub.db or the like"
    ]


def test_a_source_in_words_that_are_not_known_any_more_is_told(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database, database.writing() as connection:
        sources.declare(connection, SOURCE, declared_in="ui", now=1)
        sources.declare(connection, S3Source(name="new", bucket="b"), declared_in="ui", now=1)
        changed = """UPDATE sources SET declaration = '{"kind":"s3","name":"new","buckets":"b"}' WHERE name = 'new'"""
        connection.exec_driver_sql(changed)
    look, said = examined(sqlite_url)

    assert said[2] == (
        "problem: the declaration of the source 'new' cannot be used: Object contains unknown field `buckets` -> "
        "declare it anew, in tracehub.toml or in the UI"
    )
    assert look.sources == (Stored(SOURCE, "ui"),)


def test_a_file_that_does_not_exist_yet_is_made_by_others(sqlite_url: str, tmp_path: Path) -> None:
    look, said = examined(sqlite_url)

    assert said == [f"ok: {tmp_path}/tracehub.db does not exist yet: the first command that needs it makes it", ROOM]
    assert look.sources is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    assert examined(f"sqlite:///{tmp_path}/none/tracehub.db")[1] == [
        f"problem: the folder of the database does not exist: {tmp_path}/none -> make it: mkdir -p {tmp_path}/none"
    ]


def test_a_file_that_is_no_database_is_told(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "tracehub.db").write_bytes(b"traces" * 1000)

    assert examined(sqlite_url)[1] == [
        f"problem: {tmp_path}/tracehub.db cannot be used: file is not a database -> let this user read and write it, "
        "or restore it from a backup",
        ROOM,
    ]


def test_a_file_in_use_is_told_with_its_owner_and_left_alone(sqlite_url: str, tmp_path: Path) -> None:
    with serving(sqlite_url, "http://127.0.0.1:8321") as pid:
        look, said = examined(sqlite_url)

    assert said == [
        f"ok: {tmp_path}/tracehub.db is in use by process {pid}, which serves http://127.0.0.1:8321; so only the "
        "sources of the configuration file are examined here, not those that were added in the UI",
        ROOM,
    ]
    assert look.sources is None


@pytest.mark.parametrize(
    ("free", "said"),
    [
        (900 * 1024**2, "warning: 900 MiB are free on its disk -> "),
        (90 * 1024**2, "problem: 90 MiB are free on its disk -> "),
    ],
)
def test_a_disk_that_fills_up_is_told(sqlite_url: str, free: int, said: str) -> None:
    look = DatabaseLook(sqlite_url, clock, lambda _: free)

    assert lines(look.findings())[-1] == f"{said}make room: on a full disk nothing more can be stored or deleted"


def test_looking_lets_the_file_go(sqlite_url: str) -> None:
    with migrated(sqlite_url):
        pass
    examined(sqlite_url)

    with migrated(sqlite_url):
        pass


@contextmanager
def serving(url: str, address: str) -> Iterator[int]:
    """This process, as one that serves the database; its id."""
    database = Database(parse_url(url))
    assert database.lock is not None
    database.lock.announce(address)
    database.lock.database.touch()
    yield os.getpid()
    database.close()


def examined(url: str) -> tuple[DatabaseLook, list[str]]:
    look = DatabaseLook(url, clock, lambda _: 7 * GIB + 5)
    return look, lines(look.findings())


def lines(findings: Iterator[Finding]) -> list[str]:
    """As a person reads them; versions, which differ from machine to machine, are V."""
    found = [f"{each.level}: {each.what}" + (f" -> {each.remedy}" if each.remedy else "") for each in findings]
    return [re.sub(r"(?<=SQLite |greSQL )[\d.]+", "V", line) for line in found]


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")
