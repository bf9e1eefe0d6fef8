"""What can be said of the container without an engine: who it runs as, what it may, and that it starts as it is told."""

import re
from typing import Any

import pytest
import yaml

from dashboards.board.settings import VARIABLES as BOARDS
from dashboards.board.settings import load_settings as load_board
from streams.contract.settings.environment import BadSettingsError
from streams.runtime.settings import VARIABLES as WORKERS
from streams.runtime.settings import load_settings
from tests.support.paths import ROOT

DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
STEPS = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line[:1].isupper()]
LAST = STEPS[max(index for index, (step, _) in enumerate(STEPS) if step == "FROM") :]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("safeclock:")]

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
each_of_ours = pytest.mark.parametrize("name", OURS)


def environment(name: str) -> dict[str, str]:
    """Return what a service is told where nothing else is set."""
    environment = SERVICES[name]["environment"]
    return {variable: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text) for variable, text in environment.items()}


def test_the_image_s_last_words_are_who_runs_it_and_what() -> None:
    steps = [step for step, _ in LAST]
    user = dict(LAST)["USER"]

    assert steps[-3:] == ["USER", "WORKDIR", "ENTRYPOINT"]
    assert re.fullmatch(r"([1-9]\d{3,}):\1", user), "a number, so that an orchestrator can see that it is not root"
    assert dict(LAST)["ENTRYPOINT"] == '["safeclock"]', "no shell, so that a signal reaches the process"


def test_who_runs_the_image_can_change_nothing_in_it() -> None:
    assert not re.search(r"--chown|--chmod|\bchmod\b|\bchown\b", DOCKERFILE)
    assert "--no-create-home --shell /usr/sbin/nologin" in dict(LAST)["RUN"]


def test_nothing_secret_or_remote_is_put_into_the_image() -> None:
    names = [step for step, _ in STEPS]

    assert not {"ADD", "ARG", "VOLUME", "EXPOSE"} & set(names)
    assert not re.search(r"PASSWORD|SECRET|TOKEN|KEY", "\n".join(rest for step, rest in STEPS if step == "ENV"))


@each_service
def test_a_service_reaches_nothing_of_its_host(service: dict[str, Any]) -> None:
    assert service["networks"] == ["safeclock"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode", "userns_mode", "user"} & set(service)
    mounts = [str(volume) for volume in service.get("volumes", ())]
    assert all(mount.endswith(":ro") for mount in mounts if mount.startswith("./"))
    assert not [mount for mount in mounts if mount.startswith(("/", "~"))]


@each_of_ours
def test_our_services_may_write_to_memory_alone(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - the container's own
    assert all(str(volume).endswith(":ro") for volume in service["volumes"])


@each_of_ours
def test_our_services_get_no_setting_that_nobody_reads(name: str) -> None:
    assert set(environment(name)) <= {*WORKERS, *BOARDS}


def test_worker_and_board_start_as_configured_and_not_without_the_word_for_it() -> None:
    worker, board = environment("worker"), environment("board")

    assert load_settings(worker).http_host == load_board(board).http_host == "0.0.0.0"  # noqa: S104 - within its network
    for values, loader in ((worker, load_settings), (board, load_board)):
        del values["SAFECLOCK_HTTP_ALLOW_INSECURE"]
        with pytest.raises(BadSettingsError, match=r"^SAFECLOCK_HTTP_HOST"):
            loader(values)


@pytest.mark.parametrize("name", ["worker", "board"])
def test_pages_that_are_open_are_published_nowhere(name: str) -> None:
    assert "ports" not in SERVICES[name]
