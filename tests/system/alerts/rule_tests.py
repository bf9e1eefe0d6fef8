"""Tales as promtool's unit tests."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from dashboards.rules.alert import Alert, AlertSeverity
from dashboards.rules.recording.rules import RECORDINGS, Recording
from dashboards.rules.render import GROUPS, rules_yaml
from tests.support.monitoring.durations import seconds
from tests.system.alerts.scenarios import AlertScenario, AlertScenarios

FIRING_ALLOWANCE_SECONDS: Final = {
    AlertSeverity.PAGE: 60,
    AlertSeverity.TICKET: 360,
    AlertSeverity.DIGEST: 0,
    AlertSeverity.NONE: 0,
}
"""Seconds of what an alert promises that Alertmanager takes: it waits for others of the group."""

SLOW_INTERVAL_SECONDS: Final = 900
"""How often, in seconds, rules are evaluated of which alerts have half a day or more: that is a third of the work."""

_LONG_SCENARIO_SECONDS: Final = 43_200
_RESOLVE_SECONDS: Final = 600


def promised_delay(alert: Alert) -> float:
    """Return within how many seconds an alert has to fire for what it promises."""
    return seconds(alert.notified_within) - FIRING_ALLOWANCE_SECONDS[alert.severity]


def write_scenario_file(folder: Path, alert: Alert, scenarios: AlertScenarios) -> Path:
    """Write the tales of an alert as one file of tests; returns its path."""
    tests = [_firing(alert, scenarios.firing), *(_not_firing(alert, tale) for tale in scenarios.not_firing)]
    return _write(folder, alert, _evaluation_interval(alert, scenarios.firing), tests)


def write_trial_file(folder: Path, alert: Alert, trials: Iterable[tuple[str, AlertScenario, bool]]) -> Path:
    """Write tales as one file of tests, by name; each says whether the alert fires in time or never."""
    trials = list(trials)
    tests = [(_firing_in_time if fires else _not_firing)(alert, tale) | {"name": name} for name, tale, fires in trials]
    return _write(folder, alert, _evaluation_interval(alert, trials[0][1]), tests)


def _evaluation_interval(alert: Alert, tale: AlertScenario) -> float:
    """Return how often rules are evaluated, in seconds: at every step, or seldom where there is much time."""
    step = seconds(tale.step)
    return max(step, SLOW_INTERVAL_SECONDS) if promised_delay(alert) >= _LONG_SCENARIO_SECONDS else step


def _write(folder: Path, alert: Alert, every: float, tests: list[dict[str, Any]]) -> Path:
    rules = folder / f"{alert.name}-rules.yml"
    rules.write_text(rules_yaml(samples_needed(alert), [alert]), encoding="utf-8")
    head = {"rule_files": [str(rules)], "group_eval_order": [*GROUPS], "evaluation_interval": _format_instant(every)}
    file = folder / f"{alert.name}.yml"
    file.write_text(json.dumps(head | {"tests": tests}), encoding="utf-8")
    return file


def samples_needed(alert: Alert) -> list[Recording]:
    """Return the recordings that an alert rests on, those that they rest on included: the rest costs minutes."""
    found, exprs = [], [alert.expr]
    for recording in reversed(RECORDINGS):
        if any(re.search(rf"{recording.record}(?!\w)", expr) for expr in exprs):
            found.append(recording)
            exprs.append(recording.expr)
    return found[::-1]


def _firing(alert: Alert, tale: AlertScenario) -> dict[str, Any]:
    """Return the test that an alert does not fire before it goes wrong and does so in time."""
    begins, step = seconds(tale.fires_after), _evaluation_interval(alert, tale)
    test = _firing_in_time(alert, tale)
    before = {
        "expr": f"count({_firing_series(alert, tale)})",
        "eval_time": _format_instant(begins - step),
        "exp_samples": [],
    }
    return test | {"promql_expr_test": test["promql_expr_test"] + ([before] if begins else [])}


def _firing_in_time(alert: Alert, tale: AlertScenario) -> dict[str, Any]:
    """Return the test that an alert fires at the last of the evaluations that it has by its promise."""
    every = _evaluation_interval(alert, tale)
    last = (seconds(tale.fires_after) + promised_delay(alert)) // every * every
    fires = {
        "expr": f"count({_firing_series(alert, tale)})",
        "eval_time": _format_instant(last),
        "exp_samples": [{"value": 1}],
    }
    return _test(tale, last, [fires])


def _not_firing(alert: Alert, tale: AlertScenario) -> dict[str, Any]:
    ends = seconds(tale.resolves_after)
    whole = f"{_firing_series(alert, tale)}[{int(ends - seconds(tale.fires_after))}s]"
    never = {"expr": f"count_over_time({whole})", "eval_time": _format_instant(ends), "exp_samples": []}
    return _test(tale, ends, [never])


def _firing_series(alert: Alert, tale: AlertScenario) -> str:
    labels = {"alertname": alert.name, "alertstate": "firing", **tale.fires}
    return f"ALERTS{{{','.join(f'{name}={json.dumps(value)}' for name, value in labels.items())}}}"


def _test(tale: AlertScenario, until: float, asked: list[dict[str, Any]]) -> dict[str, Any]:
    steps = int((until + _RESOLVE_SECONDS) / seconds(tale.step))
    series = [{"series": name, "values": values.replace("N", f"{steps}")} for name, values in tale.series.items()]
    return {"name": tale.reason or "fires", "interval": tale.step, "input_series": series, "promql_expr_test": asked}


def _format_instant(moment: float) -> str:
    return f"{int(moment)}s"
