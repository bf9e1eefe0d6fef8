"""Weeks without a fault tell nobody, and the same weeks with one do: `make quiet` is the whole year."""

import json
import random
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.rules.alert import Alert, AlertSeverity, Audience
from dashboards.rules.alerts.all_alerts import ALERTS
from dashboards.rules.recording.rules import RECORDINGS
from streams.contract.metrics.metric import STANDARD_CLOCK_IDS
from tests.support.components import program_path
from tests.tools.quiet.alert_episodes import firing_periods, inline_recordings
from tests.tools.quiet.healthy_year import YearResult, healthy_platforms, simulate_year

WEEKS = 8


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_can_be_asked_over_any_history(alert: Alert) -> None:
    looking_back = {recording.record for recording in RECORDINGS if not recording.record.endswith(":max")}

    asked = set(re.findall(r"[a-z_]+:safeclock_\w+:\w+", inline_recordings(alert.expr)))

    assert not asked & looking_back


@pytest.mark.parametrize("seed", range(3))
def test_when_an_alert_fires_is_worked_out_as_prometheus_does(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    held = [value for _ in range(40) for value in [rng.randint(0, 1)] * rng.randint(1, 12)]
    rule = {"alert": "A", "expr": "x == 1", "for": "5m", "keep_firing_for": "7m"}
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": [rule]}]}), encoding="utf-8")

    instants = [60.0 * minute for minute, value in enumerate(held) if value]
    firing = {m for a, b in firing_periods(instants, 60, 300, 420) for m in range(int(a / 60), int(b / 60) + 1)}

    asked = [
        {"expr": 'count(ALERTS{alertstate="firing"})', "eval_time": f"{minute}m", "exp_samples": [{"value": 1}] * hit}
        for minute, hit in ((minute, int(minute in firing)) for minute in range(len(held)))
    ]
    series = [{"series": "x", "values": " ".join(map(str, held))}]
    test_case = {"interval": "1m", "input_series": series, "promql_expr_test": asked}
    file = tmp_path / "rules_test.yml"
    file.write_text(
        json.dumps({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test_case]}), encoding="utf-8"
    )
    result = subprocess.run(
        [program_path("promtool"), "test", "rules", file], capture_output=True, text=True, check=False
    )
    assert firing
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_recording_that_is_looked_back_upon_is_refused() -> None:
    with pytest.raises(ValueError, match="expected no look back"):
        inline_recordings("platform:safeclock_reports_filed:increase1d offset 7d")


@pytest.mark.slow
def test_eight_weeks_without_a_fault_page_nobody_and_bring_no_ticket_a_week() -> None:
    year = _simulate_year(within=None, outage=0)

    assert year.episodes_for(AlertSeverity.PAGE, Audience.OPERATOR).total() == 0
    assert year.episodes_for(AlertSeverity.TICKET, Audience.ANALYST).total() <= 1


@pytest.mark.slow
def test_the_same_weeks_with_a_slow_platform_and_no_worker_for_an_hour_are_not_quiet() -> None:
    year = _simulate_year(within=0.3, outage=60)

    pages, tickets = (
        year.episodes_for(AlertSeverity.PAGE, Audience.OPERATOR),
        year.episodes_for(AlertSeverity.TICKET, Audience.ANALYST),
    )
    assert pages["SafeclockJobDown"] == pages["SafeclockFiguresStale"] == 1
    assert 1 <= tickets["SafeclockSlowResponse"] <= 2 * len(STANDARD_CLOCK_IDS)
    assert tickets["SafeclockSlowResponseFast"] <= 2 * len(STANDARD_CLOCK_IDS)


def _simulate_year(within: float | None, outage: int) -> YearResult:
    first, second, *others = healthy_platforms(10, seed=7)
    sick = second if within is None else replace(second, share_within_limit=within)
    return simulate_year(WEEKS, (first, sick, *others), seed=7, outage=outage)
