"""What may happen to whatever an alert reads, written once as a change of the history in which the alert fires.

Each situation turns an alert's firing tale (or its quiet ones) into others, and says of each by when the alert has to
fire in it, or until when it must not. `exemptions.py` says why a situation does not apply to an alert.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from dashboards.rules.alert import Alert
from tests.support.monitoring.durations import seconds
from tests.system.alerts.changelog_replay import RETAINED_SAMPLES, ChangelogReplay
from tests.system.alerts.history_changes import (
    History,
    is_counter,
    is_exported_by_board,
    is_volume,
    name_of,
    scenario_history,
    with_counter_reset,
    with_failed_scrapes,
    with_gap,
    with_trend,
    with_two_boards,
)
from tests.system.alerts.rule_tests import SLOW_INTERVAL_SECONDS, promised_delay
from tests.system.alerts.scenarios import AlertScenario, AlertScenarios
from tests.system.alerts.series_notation import write_notation

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
RESTART: Final = 3 * MINUTE
TREND: Final = 0.01
"""By which part volume falls or rises in a day."""

_CONTEXT_METRICS: Final = ("safeclock_as_of_timestamp_seconds", "safeclock_clock_info", "safeclock_partitions_expected")
_IDENTITY_LABELS: Final = ("platform", "partition", "instance", "job")


class SituationCase(NamedTuple):
    """A tale that came of another one: it fires by the time promised, or never until `tale.ends`."""

    scenario: AlertScenario
    fires: bool = True


Change = Callable[[History], History]
Situation = Callable[[Alert, AlertScenarios], Iterator[SituationCase]]


def _firing_case(alert: Alert, tale: AlertScenario, begins: float, change: Change, why: str) -> SituationCase:
    """Return the tale changed, with as much of it as the alert may take from `begins` on."""
    return SituationCase(
        _scenario_of(tale, change(scenario_history(tale, begins + promised_delay(alert))), begins, 0, why)
    )


def _scenario_of(tale: AlertScenario, history: History, begins: float, ends: float, why: str) -> AlertScenario:
    series = {name: write_notation(values) for name, values in history.items()}
    return tale._replace(series=series, fires_after=f"{int(begins)}s", resolves_after=f"{int(ends)}s", reason=why)


def first_evaluated_when_firing(alert: Alert, scenarios: AlertScenarios) -> Iterator[SituationCase]:
    """Yield a Prometheus that is new, and finds what has been wrong for long."""
    yield _series_appear_late(alert, scenarios, set(scenarios.firing.series), "Prometheus is new")


def series_appear(alert: Alert, scenarios: AlertScenarios) -> Iterator[SituationCase]:
    """Yield series that are first seen when they tell the fault already, while Prometheus and the rest were there."""
    accused = {name for name in scenarios.firing.series if _is_of_alerted_platform(name, scenarios.firing)}
    if accused:
        yield _series_appear_late(alert, scenarios, accused, "the series is new")


def _series_appear_late(alert: Alert, scenarios: AlertScenarios, names: set[str], why: str) -> SituationCase:
    """Return the firing tale, some series of which are first scraped when half of what is promised has passed."""
    tale = scenarios.firing
    first = math.ceil((seconds(tale.fires_after) + promised_delay(alert) / 2) / seconds(tale.step))
    return _firing_case(
        alert,
        tale,
        first * seconds(tale.step) + seconds(scenarios.visible_after),
        lambda history: {
            name: with_gap(values, 0, first) if name in names else values for name, values in history.items()
        },
        why,
    )


def _is_of_alerted_platform(series: str, tale: AlertScenario) -> bool:
    whose = [f'{label}="{value}"' for label, value in tale.fires.items() if label in _IDENTITY_LABELS]
    return any(words in series for words in whose) if whose else name_of(series) not in _CONTEXT_METRICS


def processes_restart(alert: Alert, scenarios: AlertScenarios) -> Iterator[SituationCase]:
    """Yield restarts of the processes that are read, of Prometheus, and of one of two boards, while the alert waits.

    A restart ends a short wait and may delay it; a wait of an hour or more goes on over it. What must not fire does
    not when all of them restart one after the other.
    """
    tale, step, wait = scenarios.firing, seconds(scenarios.firing.step), seconds(alert.for_)
    at = seconds(tale.fires_after) + wait / 2
    late = seconds(tale.fires_after) if wait >= HOUR else at + max(RESTART, step)
    for why, restart in _RESTARTS.items():
        first, last = _downtime_at(at, step)
        change = _with_downtime(restart, first, last)
        yield _firing_case(alert, tale, late + seconds(scenarios.visible_after), change, why)
    for quiet in scenarios.not_firing:
        ends, history = seconds(quiet.resolves_after), scenario_history(quiet, seconds(quiet.resolves_after))
        for number, restart in enumerate(_RESTARTS.values(), start=1):
            history = restart(history, *_downtime_at(number / 4 * ends, seconds(quiet.step)))
        yield SituationCase(
            _scenario_of(quiet, history, seconds(quiet.fires_after), ends, f"{quiet.reason}; all restart"), fires=False
        )


def _with_downtime(restart: Callable[[History, int, int], History], first: int, last: int) -> Change:
    return lambda history: restart(history, first, last)


def _downtime_at(at: float, step: float) -> tuple[int, int]:
    """Return from which step up to which a restart lasts; long tales are evaluated seldom, and see it all the same."""
    first = max(
        1, round(at / SLOW_INTERVAL_SECONDS) * int(SLOW_INTERVAL_SECONDS / step) if at > DAY else int(at / step)
    )
    return first, first + max(1, int(RESTART / step))


def _processes(history: History, first: int, last: int) -> History:
    return {
        name: with_counter_reset(name, with_failed_scrapes(values, first, last), last)
        for name, values in history.items()
    }


def _prometheus(history: History, first: int, last: int) -> History:
    return {name: with_gap(values, first, last) for name, values in history.items()}


_RESTARTS: Final = {
    "the processes restart": _processes,
    "Prometheus restarts": _prometheus,
    "one of two boards restarts": with_two_boards,
}


def prometheus_down(alert: Alert, scenarios: AlertScenarios) -> Iterator[SituationCase]:
    """Yield a Prometheus that is away for an hour in which it goes wrong."""
    tale, step = scenarios.firing, seconds(scenarios.firing.step)
    first = int(max(0, seconds(tale.fires_after) - 10 * MINUTE) / step)
    last = first + int(HOUR / step)
    change = _with_downtime(_prometheus, first, last)
    yield _firing_case(
        alert, tale, last * step + seconds(scenarios.visible_after), change, "Prometheus was away for an hour"
    )


def changelog_replayed(alert: Alert, scenarios: AlertScenarios) -> Iterator[SituationCase]:
    """Yield a changelog that is measured again within an hour; before and afterwards nothing is wrong."""
    tale, begins, step = scenarios.firing, seconds(scenarios.firing.fires_after), seconds(scenarios.firing.step)
    if not begins or not any(is_exported_by_board(name) for name in tale.series):
        return
    healthy, bad = scenario_history(tale, begins - step), scenario_history(tale, begins + promised_delay(alert))
    ends = begins + HOUR + max(2 * HOUR, promised_delay(alert))
    all_of_it = ChangelogReplay(max(4, int(HOUR / step)), step)

    def trial(why: str, rebuilding: ChangelogReplay, first: int = 0) -> SituationCase:
        history = _prometheus(rebuilding.replayed_history(healthy, bad, int(ends / step) + 1), 0, first)
        return SituationCase(_scenario_of(tale, history, 0, ends, why), fires=False)

    yield trial("all is counted again", all_of_it)
    yield trial("all is counted again, and Prometheus is new", all_of_it, int(begins / step))
    yield trial("what is left is counted again", all_of_it._replace(retained_samples=RETAINED_SAMPLES))
    if any(is_counter(name) for name in healthy):
        yield trial("all is counted again, and the figures claim to be fresh", all_of_it._replace(lag_seconds=0))


def volume_trends(alert: Alert, scenarios: AlertScenarios) -> Iterator[SituationCase]:
    """Yield fewer events, or more, from day to day."""
    tale = scenarios.firing
    if any(is_volume(name) for name in tale.series):
        for why, trend in (("volume falls", -TREND), ("volume rises", TREND)):
            yield _firing_case(
                alert, tale, seconds(tale.fires_after), _with_trend(trend * seconds(tale.step) / DAY), why
            )


def _with_trend(trend: float) -> Change:
    return lambda history: {
        name: with_trend(name, values, trend) if is_volume(name) else values for name, values in history.items()
    }


def each_objective_period(alert: Alert, scenarios: AlertScenarios) -> Iterator[SituationCase]:
    """Yield rules that are judged over the last days and by calendar, while reports of the period fall and rise."""
    if "safeclock_objective_" not in alert.expr:
        return
    for calendar in ("no", "yes"):
        series = {
            name.replace('calendar="yes"', f'calendar="{calendar}"'): values
            for name, values in scenarios.firing.series.items()
        }
        for trial in volume_trends(alert, scenarios._replace(firing=scenarios.firing._replace(series=series))):
            yield trial._replace(
                scenario=trial.scenario._replace(reason=f"{trial.scenario.reason}, calendar: {calendar}")
            )


SITUATIONS: Final[Mapping[str, Situation]] = {
    "first looked at": first_evaluated_when_firing,
    "born": series_appear,
    "restarted": processes_restart,
    "away": prometheus_down,
    "rebuilt": changelog_replayed,
    "volume": volume_trends,
    "period": each_objective_period,
}
"""Every situation by its name: an alert is tried in each, or has a reason why not."""
