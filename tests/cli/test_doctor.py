"""`tracehub doctor` as a person or a script uses it: real processes, real files, AWS played."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.logs_server import LogsServer, client_of
from tests.aws.moto_server import moto
from tests.collectors.probes.scripted_aws import scripted_aws
from tracehub.app import open_app
from tracehub.model.source import S3Source
from tracehub.settings import Settings
from tracehub.store import sources

AWS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "the-secret-key",
    "AWS_DEFAULT_REGION": "eu-central-1",
}
ROLE = "arn:aws:iam::123456789012:role/reader"
NO_FILE = "  ok       there is no tracehub.toml here, and none is named by --config or TRACEHUB_CONFIG_FILE"
NEW_DATABASE = [
    "database",
    "  ok       tracehub.db does not exist yet: the first command that needs it makes it",
    "  ok       N GiB are free on its disk",
]
DEFAULTS = ["settings", "  ok       all at their defaults"]
NO_SOURCES = [
    "sources",
    "  ok       none are declared: traces come by import and push only, until tracehub.toml names log groups or "
    "buckets",
]


def test_an_empty_folder_is_well(tmp_path: Path) -> None:
    assert doctor(tmp_path) == (
        0,
        [*DEFAULTS, "configuration", NO_FILE, *NEW_DATABASE, *NO_SOURCES, "all is well"],
        "",
    )
    assert list(tmp_path.iterdir()) == []


def test_each_mistake_in_the_configuration_is_named(tmp_path: Path) -> None:
    (tmp_path / "tracehub.toml").write_text(
        """
        [[sources]]
        kind = "cloudwatch"
        name = "agents"
        log_group = ["/agents"]
        [[sources]]
        kind = "s4"
        name = "other"
        [[sources]]
        kind = "s3"
        name = "archive"
        bucket = "traces"
        external_id = "the-external-id"
        """
    )
    code, said, _ = doctor(tmp_path)

    assert code == 1
    assert said[2:] == [
        "configuration",
        "  problem  tracehub.toml, source 1: the declaration of the source 'agents' cannot be used: Object contains "
        "unknown field `log_group`",
        "           → did you mean log_groups?",
        "  problem  tracehub.toml, source 2: the declaration of the source 'other' cannot be used: Invalid value 's4' "
        "- at `$.kind`",
        '           → begin it with kind = "cloudwatch" or kind = "s3"',
        "  problem  tracehub.toml, source 3: the source 'archive' has an external_id but no role_arn to use it for",
        "           → it may say: bucket, endpoint_url, external_id, list_seconds, name, prefix, profile, queue_url, "
        "readers, region, role_arn, since",
        *NEW_DATABASE,
        "sources",
        "  ok       not examined, as the configuration file has to be mended first",
        "3 problems",
    ]


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        (
            "sources = [",
            "tracehub.toml is not TOML: Invalid value (at end of document)",
            "mend tracehub.toml: nothing is collected until it can be read",
        ),
        (
            "[source]",
            "tracehub.toml has a part that tracehub does not know: source",
            "mend tracehub.toml: nothing is collected until it can be read",
        ),
        ("", "tracehub.toml declares nothing", "add a [[sources]] part, or remove the file"),
    ],
)
def test_a_file_that_says_nothing_is_a_problem(tmp_path: Path, text: str, problem: str, remedy: str) -> None:
    (tmp_path / "tracehub.toml").write_text(text)

    assert doctor(tmp_path)[1][3:5] == [f"  problem  {problem}", f"           → {remedy}"]


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert doctor(tmp_path, "--config", "other.toml")[1][3:5] == [
        "  problem  other.toml cannot be read: No such file or directory",
        "           → name another by --config",
    ]


def test_a_terminal_that_knows_only_ascii_gets_what_it_can_show(tmp_path: Path) -> None:
    assert doctor(tmp_path, "--config", "other.toml", PYTHONIOENCODING="ascii")[1][4] == (
        "           ? name another by --config"
    )


def test_bad_settings_are_named_and_the_rest_is_examined(tmp_path: Path) -> None:
    code, said, _ = doctor(
        tmp_path,
        TRACEHUB_PORT="high",
        TRACEHUB_API_KEYS="short",
        TRACEHUB_HOST="0.0.0.0",
        TRACEHUB_DATABASE_URI="sqlite:///x.db",
        TRACEHUB_PRICES_FILE="missing.json",
    )

    assert code == 1
    assert said[:11] == [
        "settings",
        "  problem  TRACEHUB_PORT cannot be used: Input should be a valid integer, unable to parse string as an "
        "integer",
        "           → mend it, or unset it: the default is 8321",
        "  problem  TRACEHUB_API_KEYS cannot be used: each key needs at least 16 characters",
        "           → mend it, or unset it: the default is none",
        "  problem  listening on 0.0.0.0 lets others reach every trace",
        "           → set TRACEHUB_API_KEYS (16 characters or more each, separated by commas), or listen on 127.0.0.1",
        "  warning  TRACEHUB_DATABASE_URI is no setting",
        "           → did you mean TRACEHUB_DATABASE_URL?",
        "  problem  prices: missing.json cannot be read: No such file or directory",
        "           → mend the file, or unset the setting that names it",
    ]
    assert said[-1] == "4 problems and 1 warning"


def test_sources_are_really_asked(tmp_path: Path, archive: str) -> None:
    with LogsServer() as logs:
        logs.create_group("/agents")
        logs.external_id = "the-external-id"
        (tmp_path / "tracehub.toml").write_text(
            f"""
            [[sources]]
            kind = "cloudwatch"
            name = "agents"
            log_groups = ["/agents"]
            role_arn = "{ROLE}"
            external_id = "the-external-id"
            endpoint_url = "{logs.address}"

            [[sources]]
            {archive}
            """
        )
        code, said, _ = doctor(tmp_path)

    assert said == [
        *DEFAULTS,
        "configuration",
        "  ok       tracehub.toml declares 2 sources: 1 of CloudWatch and 1 of S3",
        *NEW_DATABASE,
        "source agents (cloudwatch)",
        "  ok       credentials of arn:aws:sts::123456789012:assumed-role/reader/tracehub, assumed by "
        "arn:aws:iam::123456789012:user/collector, from environment variables",
        "  ok       log group /agents can be read",
        "  ok       log groups can be listed",
        "source archive (s3)",
        "  ok       credentials of arn:aws:sts::123456789012:user/moto, from environment variables",
        "  ok       s3://doctor-archive/traces/ can be listed",
        "  ok       objects can be read (tried traces/1.jsonl)",
        "  ok       queue doctor-archive can be described",
        "  warning  queue doctor-archive has no redrive policy: what can never be read comes again until it is too old",
        "           → give it a dead letter queue, with maxReceiveCount 5 or more",
        "  ok       queue doctor-archive: messages can be received",
        "  ok       queue doctor-archive: messages can be kept hidden while they are read",
        "  ok       queue doctor-archive: messages can be deleted once they are read",
        "clock",
        "  ok       this machine's clock agrees with AWS's",
        "1 warning",
    ]
    assert code == 0


def test_json_tells_the_same(tmp_path: Path) -> None:
    with LogsServer() as logs:
        logs.deny("logs:FilterLogEvents")
        (tmp_path / "tracehub.toml").write_text(
            f'[[sources]]\nkind = "cloudwatch"\nname = "agents"\nlog_groups = ["/a"]\nendpoint_url = "{logs.address}"'
        )
        code, said, _ = doctor(tmp_path, "--json")

    document = json.loads("\n".join(said))
    assert code == 1
    assert (document["problems"], document["warnings"]) == (1, 0)
    assert document["findings"][5] == {
        "about": "source agents (cloudwatch)",
        "level": "problem",
        "what": "log group /a: logs:FilterLogEvents is denied",
        "remedy": "allow logs:FilterLogEvents on arn:aws:logs:eu-central-1:123456789012:log-group:/a:*; `tracehub "
        "doctor --policy` prints all that is needed",
        "action": "logs:FilterLogEvents",
        "resource": "arn:aws:logs:eu-central-1:123456789012:log-group:/a:*",
    }


def test_sources_of_the_ui_are_examined_and_the_files_own_count_more(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tracehub.db'}"
    with open_app(Settings(database_url=url)) as app, app.database.writing() as connection:
        for name, declared_in in (("of the ui", "ui"), ("in both", "ui"), ("forgotten", "file")):
            source = S3Source(name=name, bucket="traces", endpoint_url="http://127.0.0.1:9")
            sources.declare(connection, source, declared_in=declared_in, now=1)
    file = tmp_path / "tracehub.toml"
    file.write_text('[[sources]]\nkind = "cloudwatch"\nname = "in both"\nlog_groups = ["/a"]\nprofile = "none"')
    with_file = doctor(tmp_path)[1]
    file.unlink()
    without_file = doctor(tmp_path)[1]

    assert parts(with_file) == ["source in both (cloudwatch)", "source of the ui (s3)"]
    assert parts(without_file) == ["source forgotten (s3)", "source in both (s3)", "source of the ui (s3)"]


def test_a_database_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tracehub.toml").write_text('[[sources]]\nkind = "s3"\nname = "a"\nbucket = "b"\nprofile = "none"')
    with open_app(Settings(database_url=f"sqlite:///{tmp_path / 'tracehub.db'}")) as app:
        app.announce("http://127.0.0.1:8321")
        code, said, _ = doctor(tmp_path)

    assert said[5] == (
        f"  ok       tracehub.db is in use by process {os.getpid()}, which serves http://127.0.0.1:8321; so only the "
        "sources of the configuration file are examined here, not those that were added in the UI"
    )
    assert (code, parts(said)) == (1, ["source a (s3)"])


def test_sources_that_cannot_be_read_are_not_said_to_be_none(tmp_path: Path) -> None:
    with open_app(Settings(database_url=f"sqlite:///{tmp_path / 'tracehub.db'}")):
        code, said, _ = doctor(tmp_path)

    assert code == 0
    assert said[-2] == "  ok       none are in a configuration file, and those of the database could not be read"


@pytest.mark.parametrize(
    ("seconds", "lines", "code"),
    [
        (
            90,
            [
                "  warning  this machine's clock is 90 s ahead of AWS's",
                "           → set it (NTP): beyond 5 minutes AWS refuses all requests",
            ],
            0,
        ),
        (
            -3600,
            [
                "  problem  this machine's clock is 60 minutes behind AWS's",
                "           → set it (NTP): AWS refuses what is signed more than 5 minutes before or after its time",
            ],
            1,
        ),
    ],
)
def test_a_wrong_clock_is_told(tmp_path: Path, seconds: int, lines: list[str], code: int) -> None:
    with scripted_aws() as aws:
        aws.behind = seconds
        (tmp_path / "tracehub.toml").write_text(
            f'[[sources]]\nkind = "s3"\nname = "a"\nbucket = "traces"\nendpoint_url = "{aws.address}"'
        )
        result, said, _ = doctor(tmp_path)

    assert [re.sub(r"(89|91) s", "90 s", line) for line in said[-3:-1]] == lines
    assert result == code


def test_no_secret_is_shown(tmp_path: Path) -> None:
    with scripted_aws() as aws:
        refusal = "the-secret-key, the-session-token, the-external-id, the-password and the-long-api-key"
        aws.deny("ListObjectsV2", refusal, "http://user:the-basic-password@proxy/")
        aws.keys = ["\x1b[31mred"]
        (tmp_path / "tracehub.toml").write_text(
            f'[[sources]]\nkind = "s3"\nname = "a"\nbucket = "traces"\nendpoint_url = "{aws.address}"\n'
            '[[sources]]\nkind = "s3"\nname = "b"\nbucket = "b"\nprofile = "none"\n'
            f'role_arn = "{ROLE}"\nexternal_id = "the-external-id"'
        )
        given = {
            "AWS_SESSION_TOKEN": "the-session-token",
            "TRACEHUB_DATABASE_URL": "postgresql://tracehub:the-password@127.0.0.1:9/traces",
            "TRACEHUB_API_KEYS": "the-long-api-key",
        }
        said = "\n".join(doctor(tmp_path, **given)[1] + doctor(tmp_path, "--json", **given)[1])

    assert "s3:ListBucket is denied" in said
    for secret in ("the-secret", "the-session", "the-external", "the-password", "the-long-api", "the-basic"):
        assert secret not in said
    assert "\x1b" not in said


def test_the_policy_alone_is_printed(tmp_path: Path) -> None:
    (tmp_path / "tracehub.toml").write_text(
        f"""
        [[sources]]
        kind = "cloudwatch"
        name = "agents"
        log_groups = ["/agents"]

        [[sources]]
        kind = "s3"
        name = "archive"
        bucket = "traces"
        role_arn = "{ROLE}"
        """
    )
    code, said, beside = doctor(tmp_path, "--policy")
    of_role, read, nothing = doctor(tmp_path, "--policy", "--role", ROLE, "--kms-key", "arn:key")

    assert (code, of_role, nothing) == (0, 0, "")
    assert sids(said) == ["ReadEvents", "FindLogGroups", "CountWhatArrives", "AssumeRoles"]
    assert sids(read) == ["ListObjects", "ReadObjects", "Decrypt"]
    assert beside.splitlines() == [
        "tracehub: `*` stands for the account of the log group /agents: declare the group by its ARN to have it named",
        "tracehub: this is the policy of what tracehub runs as; the role's: tracehub doctor --policy --role " + ROLE,
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--policy"], "tracehub: there are no sources to write a policy for: declare them in tracehub.toml"),
        (["--role", "r"], "tracehub: --role and --kms-key belong to --policy"),
    ],
)
def test_what_cannot_be_asked_gets_one_line(tmp_path: Path, words: list[str], said: str) -> None:
    assert doctor(tmp_path, *words) == (2, [], f"{said}\n")


@pytest.fixture
def archive() -> Iterator[str]:
    """The declaration of a bucket with an object, and a queue, in moto's AWS."""
    with moto() as address, client_of(address, "s3") as s3, client_of(address, "sqs") as sqs:
        s3.create_bucket(Bucket="doctor-archive", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_object(Bucket="doctor-archive", Key="traces/1.jsonl", Body=b"{}")
        url = sqs.create_queue(QueueName="doctor-archive", Attributes={"VisibilityTimeout": "300"})["QueueUrl"]
        yield f'''kind = "s3"
            name = "archive"
            bucket = "doctor-archive"
            prefix = "traces/"
            queue_url = "{url}"
            endpoint_url = "{address}"'''


def doctor(folder: Path, *words: str, **environment: str) -> tuple[int, list[str], str]:
    """Exit code, lines (with N for the free space, which nobody knows) and what stands on standard error."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRACEHUB_", "AWS_"))}
    nowhere = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tracehub", "doctor", *words],
        cwd=folder,
        env={**kept, **nowhere, "AWS_EC2_METADATA_DISABLED": "true", **AWS, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    said = re.sub(r"\d+ GiB are free", "N GiB are free", result.stdout.decode())
    return result.returncode, said.splitlines(), result.stderr.decode()


def parts(said: list[str]) -> list[str]:
    return [line for line in said if line.startswith("source ")]


def sids(said: list[str]) -> list[str]:
    document: dict[str, Any] = json.loads("\n".join(said))
    return [statement["Sid"] for statement in document["Statement"]]
