"""Every alert in every situation that may befall what it reads, or a written reason why one does not apply."""

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.rules.alert import Alert
from dashboards.rules.alerts.all_alerts import ALERTS
from tests.support.components import program_path
from tests.support.monitoring.durations import seconds
from tests.system.alerts.exemptions import ALERTS_WITH_REASONS, exemption_reasons
from tests.system.alerts.rule_tests import write_trial_file
from tests.system.alerts.scenarios import SCENARIOS, AlertScenarios
from tests.system.alerts.situations import DAY, SITUATIONS

LONG_SCENARIO = 10 * DAY

each_alert = pytest.mark.parametrize(
    "alert",
    [
        pytest.param(
            alert,
            id=alert.name,
            marks=[pytest.mark.slow] if seconds(SCENARIOS[alert.name].firing.fires_after) >= LONG_SCENARIO else [],
        )
        for alert in ALERTS
        if alert.name in SCENARIOS
    ],
)


def _missing_exemptions(alert: Alert, scenarios: AlertScenarios, why_not: Mapping[str, str]) -> set[str]:
    """Return the situations that an alert is neither tried in nor has a reason against."""
    return {
        name
        for name, situation in SITUATIONS.items()
        if name not in why_not and next(situation(alert, scenarios), None) is None
    }


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_has_every_situation_or_a_reason_why_not(alert: Alert) -> None:
    why_not = exemption_reasons(alert)

    assert not _missing_exemptions(alert, SCENARIOS[alert.name], why_not)
    assert why_not.keys() < SITUATIONS.keys()
    assert all(len(reason.split()) > 4 for reason in why_not.values())


def test_reasons_are_given_for_alerts_that_exist() -> None:
    assert {alert.name for alert in ALERTS} >= ALERTS_WITH_REASONS


def test_an_alert_that_neither_goes_through_a_situation_nor_has_a_reason_is_found() -> None:
    (alert,) = (alert for alert in ALERTS if alert.name == "SafeclockTargetDown")

    assert _missing_exemptions(alert, SCENARIOS[alert.name], {}) == {"rebuilt", "volume", "period"}


def test_an_alert_on_events_of_platforms_has_no_reason_against_a_rebuilt_changelog_or_another_volume() -> None:
    expr = 'increase(safeclock_events_refused_total{reason="undecodable"}[1h]) > 0'
    added = replace(ALERTS[0], name="SafeclockAdded", expr=expr)

    assert set(exemption_reasons(added)) == {"period"}


@each_alert
def test_an_alert_holds_its_promise_in_every_situation(tmp_path: Path, alert: Alert) -> None:
    scenarios, why_not = SCENARIOS[alert.name], exemption_reasons(alert)
    trials = [
        (f"{name}: {trial.scenario.reason}", trial.scenario, trial.fires)
        for name, situation in SITUATIONS.items()
        if name not in why_not
        for trial in situation(alert, scenarios)
    ]
    file = write_trial_file(tmp_path, alert, trials)

    ran = subprocess.run([program_path("promtool"), "test", "rules", file], capture_output=True, text=True, check=False)

    assert trials
    assert ran.returncode == 0, ran.stdout + ran.stderr
