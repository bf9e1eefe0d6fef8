import re
import subprocess
from pathlib import Path

import pytest

from dashboards.rules.alerts import ALERTS, Alert, Audience, Severity
from dashboards.rules.recording import THRESHOLD
from tests.dashboards.live import ROOT, RULES
from tests.required import program

STORIES = sorted((ROOT / "tests/dashboards/rules").glob("*.yml"))
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")

each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)


@pytest.fixture
def promtool() -> str:
    """The program that reads rules as Prometheus does."""
    return program("promtool")


def test_the_threshold_can_be_passed() -> None:
    # A burn factor times what an objective allows may come out above 1, and would then never fire.
    assert 0 < THRESHOLD < 1


@each_alert
def test_only_the_pipeline_pages_and_only_the_operator(alert: Alert) -> None:
    if alert.severity is Severity.PAGE:
        assert alert.audience is Audience.OPERATOR
        assert not re.search("deadline|complete_through|cadence|cohort", alert.expr)


@each_alert
def test_an_alert_that_accuses_a_platform_is_held_back_by_stale_figures(alert: Alert) -> None:
    if alert.audience is Audience.ANALYST:
        assert re.search(r"and on \(\) \(time\(\) - max\(safeclock_as_of_timestamp_seconds\) < \d+\)$", alert.expr)


@each_alert
def test_an_alert_has_a_runbook_entry_that_says_what_to_do(alert: Alert) -> None:
    entry = re.search(rf"^## {alert.name}\n(.+?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)

    assert entry is not None
    assert all(f"**{word}**" in entry[1] for word in ("Means", "Who", "Do", "Not"))


@each_alert
def test_an_alert_is_told_firing_and_not_firing(alert: Alert) -> None:
    stories = "\n".join(story.read_text(encoding="utf-8") for story in STORIES)

    assert re.search(rf"alertname: {alert.name}(, exp_alerts: \[\{{|\n\s+exp_alerts:\n)", stories)
    if alert.severity is not Severity.NONE:
        assert re.search(rf"alertname: {alert.name}, exp_alerts: \[\]", stories)


@pytest.mark.integration
def test_prometheus_reads_the_rules(promtool: str) -> None:
    checked = subprocess.run([promtool, "check", "rules", RULES], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.integration
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_alerts_fire_when_they_should_and_only_then(promtool: str, story: Path) -> None:
    told = subprocess.run([promtool, "test", "rules", story], capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout + told.stderr
