"""What can be said about the deployment without a container engine: docs/deploy.md lists what cannot."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.grafana.overview import UID
from dashboards.grafana.render import PATHS
from tests.support.paths import ROOT


def _read(path: str) -> Any:  # noqa: ANN401 - whatever the file holds
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]


COMPOSE: dict[str, Any] = _read("docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"topics", "simulator"}

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def test_the_whole_chain_is_there() -> None:
    assert set(SERVICES) == {
        "kafka",
        "topics",
        "worker",
        "board",
        "simulator",
        "prometheus",
        "alertmanager",
        "grafana",
    }
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["simulator"]


@each_service
def test_an_image_is_pinned_to_a_version(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"])


@each_service
def test_a_port_is_published_on_loopback_only(service: dict[str, Any]) -> None:
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in service.get("ports", ()))
    assert "network_mode" not in service


@each_service
def test_a_service_may_do_little(service: dict[str, Any]) -> None:
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] or service["image"].startswith("apache/kafka:")
    assert not {"privileged", "user", "pid", "devices"} & service.keys()


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_a_service_that_stays_says_whether_it_is_well(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] in {"always", "unless-stopped"}


@each_service
def test_a_service_waits_for_a_state_and_not_for_a_while(service: dict[str, Any]) -> None:
    conditions = {state["condition"] for state in service.get("depends_on", {}).values()}

    assert conditions <= {"service_healthy", "service_completed_successfully"}
    assert "sleep" not in str(service)


def test_there_is_no_password_in_the_files_and_no_start_without_one() -> None:
    grafana = SERVICES["grafana"]["environment"]

    assert grafana["GF_SECURITY_ADMIN_PASSWORD__FILE"].startswith("/run/secrets/")
    assert "GF_SECURITY_ADMIN_PASSWORD" not in grafana
    assert all(secret["file"].startswith("${SAFECLOCK_SECRETS:?") for secret in COMPOSE["secrets"].values())


def test_grafana_shows_nothing_to_strangers_and_sends_nothing_out() -> None:
    grafana = SERVICES["grafana"]["environment"]
    shut = (
        "AUTH_ANONYMOUS_ENABLED",
        "USERS_ALLOW_SIGN_UP",
        "ANALYTICS_REPORTING_ENABLED",
        "ANALYTICS_CHECK_FOR_UPDATES",
        "SNAPSHOTS_EXTERNAL_ENABLED",
        "PUBLIC_DASHBOARDS_ENABLED",
    )

    assert all(grafana[f"GF_{name}"] == "false" for name in shut)


def test_every_file_that_is_mounted_is_there() -> None:
    mounts = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}

    assert all((ROOT / mount).is_dir() for mount in mounts if mount.startswith("./"))
    assert {mount for mount in mounts if not mount.startswith("./")} == set(COMPOSE["volumes"])


def test_grafana_finds_its_data_source_and_its_dashboard() -> None:
    sources = _read("deploy/grafana/provisioning/datasources/prometheus.yml")
    provider = _read("deploy/grafana/provisioning/dashboards/safeclock.yml")["providers"][0]
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])

    assert [source["type"] for source in sources["datasources"]] == ["prometheus", "alertmanager"]
    assert mounts[f"./{Path(PATHS[UID]).parent}"] == provider["options"]["path"]


def test_the_image_runs_as_nobody_and_installs_by_hash() -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")

    assert all(re.search(r":\d+\.\d+\.\d+-", image) for image in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))
    assert "--require-hashes --no-deps -r runtime.lock" in dockerfile
    assert "PYTHONSAFEPATH=1" in dockerfile
    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)


def test_the_image_holds_what_runs_and_not_what_tests() -> None:
    runtime = runpy.run_path(str(ROOT / "deploy/runtime_lock.py"))["runtime"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    installed = runtime(lock)
    names = set(re.findall(r"^([a-z0-9-]+)==", installed, re.MULTILINE))

    assert {"faust-streaming", "aiokafka", "aiohttp", "msgspec", "prometheus-client", "click", "rich"} <= names
    assert not {"pytest", "lifelines", "mypy", "ruff", "grafana-foundation-sdk"} & names
    assert all(block.count("--hash=sha256:") for block in re.split(r"\n(?=[a-z])", installed))


def test_a_lock_without_the_project_is_refused() -> None:
    runtime = runpy.run_path(str(ROOT / "deploy/runtime_lock.py"))["runtime"]

    with pytest.raises(ValueError, match="found none"):
        runtime("one==1 \\\n    --hash=sha256:00\n    # via another\n")
