"""The master secret is found or made once, is nobody else's to read, and is never mistaken for another."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from tests.proxy.making import NOW, key
from tracehub.errors import PermanentError
from tracehub.proxy.master import master_for
from tracehub.settings import Settings

SET = "s" * 32


def test_it_is_made_at_first_need_and_is_the_same_afterwards(tmp_path: Path) -> None:
    settings = Settings(secret_key_file=tmp_path / "tracehub.key")
    made = master_for(settings, [])
    assert len(made) >= 64
    assert stat.S_IMODE((tmp_path / "tracehub.key").stat().st_mode) == 0o600
    assert master_for(settings, []) == made
    assert master_for(settings, [key(master=made)]) == made
    assert master_for(Settings(secret_key_file=tmp_path / "another.key"), []) != made


def test_the_setting_goes_before_the_file_and_makes_none(tmp_path: Path) -> None:
    settings = Settings(secret_key=SecretStr(SET), secret_key_file=tmp_path / "tracehub.key")
    assert master_for(settings, []) == SET.encode()
    assert list(tmp_path.iterdir()) == []


def test_a_short_setting_stops_the_start() -> None:
    with pytest.raises(ValidationError, match="at least 32 characters"):
        Settings(secret_key=SecretStr("short"))


@pytest.mark.parametrize("mode", [0o604, 0o606, 0o620, 0o644, 0o666])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "tracehub.key"
    file.write_text(SET)
    file.chmod(mode)
    with pytest.raises(PermanentError, match=r"others can read or change .*: chmod 600"):
        master_for(Settings(secret_key_file=file), [])


def test_a_file_that_a_group_is_given_to_read_is_taken(tmp_path: Path) -> None:
    """Kubernetes gives secrets so."""
    file = tmp_path / "tracehub.key"
    file.write_text(SET + "\n")
    file.chmod(0o440)
    assert master_for(Settings(secret_key_file=file), []) == SET.encode()


def test_a_file_with_too_little_in_it_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tracehub.key"
    file.write_text("short\n")
    file.chmod(0o600)
    with pytest.raises(PermanentError, match="fewer than 32"):
        master_for(Settings(secret_key_file=file), [])


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="cannot be read"):
        master_for(Settings(secret_key_file=tmp_path), [])
    with pytest.raises(PermanentError, match="cannot be made"):
        master_for(Settings(secret_key_file=tmp_path / "none" / "tracehub.key"), [])


def test_who_comes_second_takes_the_secret_that_the_first_made(tmp_path: Path) -> None:
    file = tmp_path / "tracehub.key"

    def while_another_makes_it(count: int) -> bytes:
        file.write_text(SET)
        file.chmod(0o600)
        return bytes(count)

    settings = Settings(secret_key_file=file)
    assert master_for(settings, [], random=while_another_makes_it) == SET.encode()
    assert file.read_text() == SET


def test_a_link_is_not_followed_to_make_it(tmp_path: Path) -> None:
    (tmp_path / "tracehub.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermanentError, match="is a link to nowhere"):
        master_for(Settings(secret_key_file=tmp_path / "tracehub.key"), [])
    assert not (tmp_path / "elsewhere").exists()


def test_keys_of_another_master_are_noticed_and_no_new_one_is_made_for_them(tmp_path: Path) -> None:
    file = tmp_path / "tracehub.key"
    with pytest.raises(PermanentError, match=r"the secret that the keys THABCDEFGHIJKLMNOPQR were made under is miss"):
        master_for(Settings(secret_key_file=file), [key()])
    assert not file.exists()
    settings = Settings(secret_key=SecretStr(SET), secret_key_file=file)
    with pytest.raises(PermanentError, match="TRACEHUB_SECRET_KEY is not the secret that the keys THABC"):
        master_for(settings, [key()])
    assert master_for(settings, [key(revoked_at=NOW)]) == SET.encode()
