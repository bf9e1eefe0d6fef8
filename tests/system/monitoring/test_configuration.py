"""Prometheus and Alertmanager read their configuration."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.rules.alert import Alert, AlertSeverity, Audience
from dashboards.rules.alerts.all_alerts import ALERTS
from tests.support.components import program_path
from tests.support.paths import ROOT


def _read(path: str) -> Any:  # noqa: ANN401 - whatever the file holds
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]


ALERTMANAGER = ROOT / "deploy/alertmanager/alertmanager.yml"


RECEIVERS = {
    (Audience.ANALYST, AlertSeverity.TICKET): "platform,analyst",
    (Audience.ANALYST, AlertSeverity.DIGEST): "platform-digest,analyst-digest",
    (Audience.OPERATOR, AlertSeverity.PAGE): "operator",
    (Audience.OPERATOR, AlertSeverity.TICKET): "operator-ticket",
    (Audience.OPERATOR, AlertSeverity.NONE): "watchdog",
}


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_reads_its_configuration() -> None:
    result = _run(program_path("promtool"), "check", "config", ROOT / "deploy/prometheus/prometheus.yml")

    assert "1 rule files found" in result


def test_alertmanager_reads_its_configuration() -> None:
    assert "SUCCESS" in _run(program_path("amtool"), "check-config", ALERTMANAGER)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_reaches_its_audience_and_nobody_else(alert: Alert) -> None:
    labels = [f"alertname={alert.name}", f"audience={alert.audience}", f"severity={alert.severity}"]
    result = _run(program_path("amtool"), "config", "routes", "test", f"--config.file={ALERTMANAGER}", *labels)

    assert result.strip() == RECEIVERS[alert.audience, alert.severity]


def test_the_maintenance_window_of_the_runbook_is_one_that_alertmanager_reads(tmp_path: Path) -> None:
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    interval, muted = map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", runbook, re.DOTALL))
    config = _read("deploy/alertmanager/alertmanager.yml")
    config["time_intervals"] += interval["time_intervals"]
    for route in config["route"]["routes"]:
        route.update(muted)
    file = tmp_path / "alertmanager.yml"
    file.write_text(json.dumps(config), encoding="utf-8")

    assert "SUCCESS" in _run(program_path("amtool"), "check-config", file)
