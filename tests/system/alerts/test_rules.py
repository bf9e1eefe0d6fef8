import subprocess
from pathlib import Path

import pytest

from dashboards.rules.alert import Alert
from dashboards.rules.alerts.all_alerts import ALERTS
from tests.support.components import program
from tests.support.monitoring.durations import seconds
from tests.support.monitoring.prometheus import RULES
from tests.support.paths import ROOT
from tests.system.alerts.rule_tests import write_story
from tests.system.alerts.scenarios import TALES

STORIES = sorted((ROOT / "tests/system/alerts/rules").glob("*.yml"))
NAMES = [alert.name for alert in ALERTS]
DAYS = 86_400


def _length(alert: Alert) -> float:
    told = TALES[alert.name]
    return max(seconds(moment) for tale in (told.firing, *told.quiet) for moment in (tale.begins, tale.ends or "0m"))


told_alerts = pytest.mark.parametrize(
    "alert",
    [
        pytest.param(alert, id=alert.name, marks=[pytest.mark.slow] if _length(alert) > 10 * DAYS else [])
        for alert in ALERTS
        if alert.name in TALES
    ],
)


@pytest.fixture
def promtool() -> str:
    """The program that reads rules as Prometheus does."""
    return program("promtool")


def test_every_alert_is_told_firing_and_not_firing() -> None:
    # The watchdog alone never falls silent.
    assert set(TALES) == set(NAMES)
    assert [name for name, told in TALES.items() if not told.quiet] == ["SafeclockWatchdog"]
    assert all(tale.why for told in TALES.values() for tale in told.quiet)


@told_alerts
def test_an_alert_fires_in_time_and_is_held_back_by_each_of_its_guards(
    promtool: str, tmp_path: Path, alert: Alert
) -> None:
    story = write_story(tmp_path, alert, TALES[alert.name])

    told = subprocess.run([promtool, "test", "rules", story], capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr


def test_prometheus_reads_the_rules(promtool: str) -> None:
    checked = subprocess.run([promtool, "check", "rules", RULES], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_what_an_alert_says_is_what_was_measured(promtool: str, story: Path) -> None:
    told = subprocess.run([promtool, "test", "rules", story], capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr
