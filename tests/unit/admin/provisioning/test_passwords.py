from pathlib import Path

import pytest

from streams.admin.provisioning.passwords import BadPasswordError, Passwords
from streams.contract.settings.environment import BadSettingsError
from streams.runtime.settings import load_settings

SECRET = "not-to-be-printed"  # noqa: S105 - invented


def test_a_password_is_read_from_a_file_without_its_line_break(tmp_path: Path) -> None:
    (tmp_path / "harbor").write_text(f" {SECRET} \n", encoding="utf-8")

    assert Passwords({}, tmp_path).password_for("harbor") == f" {SECRET} "


def test_a_password_is_read_from_the_variable_that_a_prefix_names() -> None:
    passwords = Passwords({"PW_NIGHT_HARBOR": SECRET, "PW_ALSO": "x"}, prefix="PW_")

    assert passwords.password_for("night-harbor") == SECRET
    found = passwords.password_sources(["night-harbor", "lantern"], [])
    assert found is not None
    assert found.users == {"night-harbor"}


def test_nobody_has_a_password_where_no_place_is_named() -> None:
    assert Passwords({"HARBOR": SECRET}).password_sources(["harbor"], []) is None


def test_an_empty_file_is_no_password_and_the_message_says_where(tmp_path: Path) -> None:
    (tmp_path / "harbor").write_text("\n", encoding="utf-8")

    with pytest.raises(BadPasswordError, match=str(tmp_path / "harbor")):
        Passwords({}, tmp_path).password_for("harbor")


def test_a_user_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()

    found = Passwords({}, folder).password_sources(["../secret"], [])

    assert found is not None
    assert found.users == frozenset()


def test_an_operator_s_password_is_in_no_representation(tmp_path: Path) -> None:
    file = tmp_path / "operator"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    environment = {
        "SAFECLOCK_PROTOCOL": "SASL_PLAINTEXT",
        "SAFECLOCK_USERNAME": "operator",
        "SAFECLOCK_PASSWORD_FILE": str(file),
    }

    settings = load_settings(environment)

    assert settings.access.password == SECRET
    assert SECRET not in repr(settings) + repr(Passwords({"PW_X": SECRET}, prefix="PW_"))


def test_a_password_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BadSettingsError, match="SAFECLOCK_PASSWORD_FILE"):
        load_settings({"SAFECLOCK_PASSWORD_FILE": "/nowhere/at/all"})
