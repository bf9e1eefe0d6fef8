import subprocess
from pathlib import Path

import pytest

from dashboards.rules.alert import Alert
from dashboards.rules.alerts.all_alerts import ALERTS
from tests.support.components import program_path
from tests.support.monitoring.durations import seconds
from tests.support.monitoring.prometheus import RULES
from tests.support.paths import ROOT
from tests.system.alerts.rule_tests import write_scenario_file
from tests.system.alerts.scenarios import SCENARIOS

RULE_TEST_FILES = sorted((ROOT / "tests/system/alerts/rules").glob("*.yml"))
NAMES = [alert.name for alert in ALERTS]
DAYS = 86_400


def _scenario_seconds(alert: Alert) -> float:
    scenarios = SCENARIOS[alert.name]
    return max(
        seconds(moment)
        for tale in (scenarios.firing, *scenarios.not_firing)
        for moment in (tale.fires_after, tale.resolves_after or "0m")
    )


alerts_with_scenarios = pytest.mark.parametrize(
    "alert",
    [
        pytest.param(alert, id=alert.name, marks=[pytest.mark.slow] if _scenario_seconds(alert) > 10 * DAYS else [])
        for alert in ALERTS
        if alert.name in SCENARIOS
    ],
)


@pytest.fixture
def promtool() -> str:
    """The program that reads rules as Prometheus does."""
    return program_path("promtool")


def test_every_alert_is_reported_firing_and_not_firing() -> None:
    # The watchdog alone never falls silent.
    assert set(SCENARIOS) == set(NAMES)
    assert [name for name, scenarios in SCENARIOS.items() if not scenarios.not_firing] == ["SafeclockWatchdog"]
    assert all(tale.reason for scenarios in SCENARIOS.values() for tale in scenarios.not_firing)


@alerts_with_scenarios
def test_an_alert_fires_in_time_and_is_held_back_by_each_of_its_guards(
    promtool: str, tmp_path: Path, alert: Alert
) -> None:
    workload = write_scenario_file(tmp_path, alert, SCENARIOS[alert.name])

    result = subprocess.run([promtool, "test", "rules", workload], capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


def test_prometheus_reads_the_rules(promtool: str) -> None:
    checked = subprocess.run([promtool, "check", "rules", RULES], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("workload", RULE_TEST_FILES, ids=lambda workload: workload.stem)
def test_what_an_alert_says_is_what_was_measured(promtool: str, workload: Path) -> None:
    result = subprocess.run([promtool, "test", "rules", workload], capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
