"""Settings from outside fail at start, all at once, by name."""

from pathlib import Path

import pytest

from streams.contract.settings import http_security, kafka_security, log_settings
from streams.contract.settings.environment import BadSettingsError
from streams.domain.duration_bins import DAY
from streams.runtime.failpoints import Failpoints
from streams.runtime.settings import VARIABLES, JournalMode, RecordTime, ReportUpdates, Settings, load_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load_settings({}) == Settings()


def test_every_variable_is_read() -> None:
    given = {
        "SAFECLOCK_BOOTSTRAP": "127.0.0.1:1",
        "SAFECLOCK_APPLICATION": "trial",
        "SAFECLOCK_INSTANCE": "worker-0",
        "SAFECLOCK_REGISTRY": "platforms.toml",
        "SAFECLOCK_PACKS": "children.toml, local.toml",
        "SAFECLOCK_DECLARATIONS": "h1.toml",
        "SAFECLOCK_RECORD_TIME": "create",
        "SAFECLOCK_JOURNAL": "append",
        "SAFECLOCK_COMMIT_INTERVAL_MS": "250",
        "SAFECLOCK_HTTP_HOST": "127.0.0.2",
        "SAFECLOCK_HTTP_PORT": "8080",
        "SAFECLOCK_RETENTION_DAYS": "30",
        "SAFECLOCK_REPORT_UPDATES": "none",
    }

    settings = load_settings(given)

    assert set(given) == set(VARIABLES) - {*kafka_security.VARIABLES, *http_security.VARIABLES, *log_settings.VARIABLES}
    assert settings.instance == "worker-0"
    assert settings.packs == (Path("children.toml"), Path("local.toml"))
    assert settings.record_time is RecordTime.CREATE
    assert settings.journal is JournalMode.APPEND
    assert settings.report_updates is ReportUpdates.NONE
    assert (settings.commit_interval_ms, settings.http_port, settings.retention_ms) == (250, 8080, 30 * DAY)


def test_who_the_worker_is_to_the_broker_is_read(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("hush-hush\n", encoding="utf-8")
    given = {
        "SAFECLOCK_PROTOCOL": "SASL_SSL",
        "SAFECLOCK_MECHANISM": "SCRAM-SHA-256",
        "SAFECLOCK_USERNAME": "worker",
        "SAFECLOCK_PASSWORD_FILE": str(password),
        "SAFECLOCK_CA_FILE": "",
    }

    read = load_settings(given).access

    assert (read.protocol, read.mechanism, read.username) == ("SASL_SSL", "SCRAM-SHA-256", "worker")
    assert read.client_options()["sasl_plain_password"] == "hush-hush"  # noqa: S105 - invented


@pytest.mark.parametrize(
    "wrong", ["", "here:abc", "here:70000", "one two", ",", "one:9092,", "http://here:9092", "::1"]
)
def test_what_is_no_address_of_a_broker_is_refused(wrong: str) -> None:
    with pytest.raises(BadSettingsError, match="SAFECLOCK_BOOTSTRAP: expected HOST:PORT"):
        load_settings({"SAFECLOCK_BOOTSTRAP": wrong})


@pytest.mark.parametrize("right", ["here", "here:9092", "[::1]:9092", "one:9092,10.0.0.2:9093"])
def test_what_is_an_address_of_a_broker_is_taken_as_it_is(right: str) -> None:
    assert load_settings({"SAFECLOCK_BOOTSTRAP": right}).bootstrap == right


def test_a_port_that_there_is_not_is_refused() -> None:
    with pytest.raises(BadSettingsError, match="SAFECLOCK_HTTP_PORT: expected a port, 0 to 65535, got '65536'"):
        load_settings({"SAFECLOCK_HTTP_PORT": "65536"})


def test_mistakes_of_every_kind_are_reported_together() -> None:
    wrong = {
        "SAFECLOCK_JOURNAL": "perhaps",
        "SAFECLOCK_PROTOCOL": "SASL_SSL",
        "SAFECLOCK_CA_FILE": "/nowhere/at/all",
        "SAFECLOCK_HTTP_ALLOW_INSECURE": "perhaps",
    }

    with pytest.raises(BadSettingsError) as raised:
        load_settings(wrong)

    named = [line.split(":")[0] for line in str(raised.value).splitlines()]
    assert named == ["SAFECLOCK_JOURNAL", "SAFECLOCK_USERNAME, SAFECLOCK_PASSWORD", *list(wrong)[2:]]


@pytest.mark.parametrize("secret", [{"SAFECLOCK_PASSWORD": "hush-hush"}, {"SAFECLOCK_CA_FILE": __file__}])
def test_what_is_meant_for_a_protected_listener_is_not_ignored_on_an_open_one(secret: dict[str, str]) -> None:
    with pytest.raises(BadSettingsError, match=r"^SAFECLOCK_PROTOCOL: expected") as raised:
        load_settings(secret)

    assert "hush" not in str(raised.value)


def test_a_flag_overrides_the_environment() -> None:
    settings = load_settings(
        {"SAFECLOCK_APPLICATION": "one"}, {"SAFECLOCK_APPLICATION": "two", "SAFECLOCK_BOOTSTRAP": None}
    )

    assert settings.application == "two"


def test_every_wrong_setting_is_reported_at_once_by_name() -> None:
    wrong = {
        "SAFECLOCK_JOURNAL": "perhaps",
        "SAFECLOCK_HTTP_PORT": "-1",
        "SAFECLOCK_RETENTION_DAYS": "soon",
        "SAFECLOCK_BOOTSTRAP": " ",
    }

    with pytest.raises(BadSettingsError) as raised:
        load_settings(wrong)

    assert {line.split(":")[0] for line in str(raised.value).splitlines()} == set(wrong)


def test_an_unknown_failpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="after_apply"):
        Failpoints("everywhere")
    with pytest.raises(ValueError, match="stop"):
        Failpoints("after_apply:1:pause")


@pytest.mark.parametrize("name", ["SAFECLOCK_PASSWORD_FILE", "SAFECLOCK_HTTP_PASSWORD_FILE"])
def test_a_password_in_place_of_its_file_is_not_repeated(name: str) -> None:
    with pytest.raises(BadSettingsError) as raised:
        load_settings({name: "hush-hush"})

    assert f"{name}: expected a file to read, got a text that is not shown" in str(raised.value)
    assert "hush" not in str(raised.value)


KEY = "-----BEGIN PRIVATE KEY-----\nhush-hush\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("name", ["SAFECLOCK_CA_FILE", "SAFECLOCK_KEY_FILE", "SAFECLOCK_HTTP_KEY_FILE"])
@pytest.mark.parametrize("content", [KEY, KEY * 1_000], ids=["short", "long"])
def test_a_key_in_place_of_its_file_is_not_repeated(name: str, content: str) -> None:
    pair = {one: __file__ for one in (name.replace("KEY", "CERT"),) if "KEY" in name}

    with pytest.raises(BadSettingsError) as raised:
        load_settings({"SAFECLOCK_PROTOCOL": "SSL", **pair, name: content})

    assert "a text that is not a path" in str(raised.value)
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("address", ["admin:hush-hush@here:9092", "sasl://admin:hush@here"])
def test_a_password_in_an_address_is_not_repeated(address: str) -> None:
    with pytest.raises(BadSettingsError) as raised:
        load_settings({"SAFECLOCK_BOOTSTRAP": address})

    assert "hush" not in str(raised.value)
