from pathlib import Path

import pytest

from dashboards.board.settings import Settings, load_settings
from streams.contract.settings.environment import BadSettingsError


def test_flags_override_the_environment() -> None:
    environment = {
        "SAFECLOCK_BOOTSTRAP": "kafka:9092",
        "SAFECLOCK_HTTP_PORT": "9100",
        "SAFECLOCK_REGISTRY": "here.toml",
    }

    settings = load_settings(environment, {"SAFECLOCK_HTTP_PORT": "0", "SAFECLOCK_BOOTSTRAP": None})

    assert settings == Settings(bootstrap="kafka:9092", registry=Path("here.toml"), http_port=0)


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(BadSettingsError) as caught:
        load_settings({"SAFECLOCK_HTTP_PORT": "-1", "SAFECLOCK_REFRESH_MS": "5", "SAFECLOCK_BOOTSTRAP": " "})

    assert str(caught.value).splitlines() == [
        "SAFECLOCK_BOOTSTRAP: expected HOST:PORT[,HOST:PORT…], got ' '",
        "SAFECLOCK_HTTP_PORT: expected a port, 0 to 65535, got '-1'",
        "SAFECLOCK_REFRESH_MS: expected a whole number of at least 100, got '5'",
    ]


def test_what_is_said_to_a_worker_alone_is_not_the_board_s_business() -> None:
    assert load_settings({"SAFECLOCK_JOURNAL": "append"}) == Settings()
