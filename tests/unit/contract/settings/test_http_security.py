"""Pages leave the machine protected, or because somebody said that they may."""

import datetime as dt
from pathlib import Path

import pytest

from dashboards.board.settings import load_settings as load_board
from streams.contract.settings.environment import BadSettingsError
from streams.contract.settings.http_security import HttpSecurity
from streams.runtime.settings import load_settings
from tests.support.broker.security.certificates import CertificateAuthority

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
BEYOND = {"SAFECLOCK_HTTP_HOST": "0.0.0.0"}  # noqa: S104 - what is refused


@pytest.fixture
def protected(tmp_path: Path) -> dict[str, str]:
    pair = CertificateAuthority(tmp_path, "authority", NOON).issue("board", "127.0.0.1")
    password = tmp_path / "password"
    password.write_text("hush-hush\n", encoding="utf-8")
    return {
        "SAFECLOCK_HTTP_CERT_FILE": str(pair.cert_file),
        "SAFECLOCK_HTTP_KEY_FILE": str(pair.key_file),
        "SAFECLOCK_HTTP_USER": "prometheus",
        "SAFECLOCK_HTTP_PASSWORD_FILE": str(password),
    }


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_nothing(host: str) -> None:
    assert load_settings({"SAFECLOCK_HTTP_HOST": host}).http_security == HttpSecurity()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "board.example"])  # noqa: S104 - what is refused
def test_beyond_loopback_nothing_is_served_by_accident(host: str) -> None:
    for loader in (load_settings, load_board):
        with pytest.raises(BadSettingsError, match=r"^SAFECLOCK_HTTP_HOST: expected loopback"):
            loader({}, {"SAFECLOCK_HTTP_HOST": host})


def test_a_certificate_and_a_password_open_the_way(protected: dict[str, str]) -> None:
    guard = load_settings({**BEYOND, **protected}).http_security

    assert guard.scheme == "https"
    assert "hush" not in repr(guard)


@pytest.mark.parametrize("left_out", ["SAFECLOCK_HTTP_CERT_FILE", "SAFECLOCK_HTTP_USER"])
def test_half_a_guard_is_refused_on_loopback_too(protected: dict[str, str], left_out: str) -> None:
    del protected[left_out]

    with pytest.raises(BadSettingsError, match=f"^{left_out}, .*: expected both or none"):
        load_settings(protected)


@pytest.mark.parametrize("kept", ["CERT", "PASSWORD"])
def test_one_of_both_does_not_open_the_way(protected: dict[str, str], kept: str) -> None:
    names = {"CERT": ("CERT_FILE", "KEY_FILE"), "PASSWORD": ("USER", "PASSWORD_FILE")}[kept]
    half = {f"SAFECLOCK_HTTP_{name}": protected[f"SAFECLOCK_HTTP_{name}"] for name in names}

    with pytest.raises(BadSettingsError, match=r"^SAFECLOCK_HTTP_HOST: expected loopback"):
        load_settings({**BEYOND, **half})


def test_who_says_that_the_network_is_private_is_believed() -> None:
    assert load_settings({**BEYOND, "SAFECLOCK_HTTP_ALLOW_INSECURE": "yes"}).http_security.allow_insecure
    for text in ("no", "true"):
        with pytest.raises(BadSettingsError, match="SAFECLOCK_HTTP_"):
            load_settings({**BEYOND, "SAFECLOCK_HTTP_ALLOW_INSECURE": text})


def test_a_key_that_is_not_the_certificate_s_is_refused(protected: dict[str, str], tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path, "another", NOON).issue("other", "127.0.0.1")

    with pytest.raises(BadSettingsError, match=r"^SAFECLOCK_HTTP_CERT_FILE, SAFECLOCK_HTTP_KEY_FILE: expected a cert"):
        load_settings({**protected, "SAFECLOCK_HTTP_KEY_FILE": str(other.key_file)})
