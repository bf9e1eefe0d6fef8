"""What may happen to whatever an alert reads, written once as a change of the history in which the alert fires.

Each situation turns an alert's firing tale (or its quiet ones) into others, and says of each by when the alert has to
fire in it, or until when it must not. `exemptions.py` says why a situation does not apply to an alert.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from dashboards.rules.alert import Alert
from tests.support.monitoring.durations import seconds
from tests.system.alerts.changelog_replay import KEPT, Rebuilding
from tests.system.alerts.history_changes import (
    History,
    begun_anew,
    history_of,
    is_counter,
    is_of_board,
    is_volume,
    name_of,
    trended,
    two_boards,
    unanswered,
    without,
)
from tests.system.alerts.rule_tests import SELDOM, promised
from tests.system.alerts.scenarios import Tale, Told
from tests.system.alerts.series_notation import written

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
RESTART: Final = 3 * MINUTE
TREND: Final = 0.01
"""By which part volume falls or rises in a day."""

_CONTEXT: Final = ("safeclock_as_of_timestamp_seconds", "safeclock_clock_info", "safeclock_partitions_expected")
_WHOSE: Final = ("platform", "partition", "instance", "job")


class Trial(NamedTuple):
    """A tale that came of another one: it fires by the time promised, or never until `tale.ends`."""

    tale: Tale
    fires: bool = True


Change = Callable[[History], History]
Situation = Callable[[Alert, Told], Iterator[Trial]]


def _firing(alert: Alert, tale: Tale, begins: float, change: Change, why: str) -> Trial:
    """Return the tale changed, with as much of it as the alert may take from `begins` on."""
    return Trial(_told(tale, change(history_of(tale, begins + promised(alert))), begins, 0, why))


def _told(tale: Tale, history: History, begins: float, ends: float, why: str) -> Tale:
    series = {name: written(values) for name, values in history.items()}
    return tale._replace(series=series, begins=f"{int(begins)}s", ends=f"{int(ends)}s", why=why)


def first_looked_at(alert: Alert, told: Told) -> Iterator[Trial]:
    """Yield a Prometheus that is new, and finds what has been wrong for long."""
    yield _seen_late(alert, told, set(told.firing.series), "Prometheus is new")


def born(alert: Alert, told: Told) -> Iterator[Trial]:
    """Yield series that are first seen when they tell the fault already, while Prometheus and the rest were there."""
    accused = {name for name in told.firing.series if _is_accused(name, told.firing)}
    if accused:
        yield _seen_late(alert, told, accused, "the series is new")


def _seen_late(alert: Alert, told: Told, names: set[str], why: str) -> Trial:
    """Return the firing tale, some series of which are first scraped when half of what is promised has passed."""
    tale = told.firing
    first = math.ceil((seconds(tale.begins) + promised(alert) / 2) / seconds(tale.step))
    return _firing(
        alert,
        tale,
        first * seconds(tale.step) + seconds(told.shown),
        lambda history: {
            name: without(values, 0, first) if name in names else values for name, values in history.items()
        },
        why,
    )


def _is_accused(series: str, tale: Tale) -> bool:
    whose = [f'{label}="{value}"' for label, value in tale.fires.items() if label in _WHOSE]
    return any(words in series for words in whose) if whose else name_of(series) not in _CONTEXT


def restarted(alert: Alert, told: Told) -> Iterator[Trial]:
    """Yield restarts of the processes that are read, of Prometheus, and of one of two boards, while the alert waits.

    A restart ends a short wait and may delay it; a wait of an hour or more goes on over it. What must not fire does
    not when all of them restart one after the other.
    """
    tale, step, wait = told.firing, seconds(told.firing.step), seconds(alert.for_)
    at = seconds(tale.begins) + wait / 2
    late = seconds(tale.begins) if wait >= HOUR else at + max(RESTART, step)
    for why, restart in _RESTARTS.items():
        first, last = _away_at(at, step)
        change = _between(restart, first, last)
        yield _firing(alert, tale, late + seconds(told.shown), change, why)
    for quiet in told.quiet:
        ends, history = seconds(quiet.ends), history_of(quiet, seconds(quiet.ends))
        for number, restart in enumerate(_RESTARTS.values(), start=1):
            history = restart(history, *_away_at(number / 4 * ends, seconds(quiet.step)))
        yield Trial(_told(quiet, history, seconds(quiet.begins), ends, f"{quiet.why}; all restart"), fires=False)


def _between(restart: Callable[[History, int, int], History], first: int, last: int) -> Change:
    return lambda history: restart(history, first, last)


def _away_at(at: float, step: float) -> tuple[int, int]:
    """Return from which step up to which a restart lasts; long tales are evaluated seldom, and see it all the same."""
    first = max(1, round(at / SELDOM) * int(SELDOM / step) if at > DAY else int(at / step))
    return first, first + max(1, int(RESTART / step))


def _processes(history: History, first: int, last: int) -> History:
    return {name: begun_anew(name, unanswered(values, first, last), last) for name, values in history.items()}


def _prometheus(history: History, first: int, last: int) -> History:
    return {name: without(values, first, last) for name, values in history.items()}


_RESTARTS: Final = {
    "the processes restart": _processes,
    "Prometheus restarts": _prometheus,
    "one of two boards restarts": two_boards,
}


def away(alert: Alert, told: Told) -> Iterator[Trial]:
    """Yield a Prometheus that is away for an hour in which it goes wrong."""
    tale, step = told.firing, seconds(told.firing.step)
    first = int(max(0, seconds(tale.begins) - 10 * MINUTE) / step)
    last = first + int(HOUR / step)
    change = _between(_prometheus, first, last)
    yield _firing(alert, tale, last * step + seconds(told.shown), change, "Prometheus was away for an hour")


def rebuilt(alert: Alert, told: Told) -> Iterator[Trial]:
    """Yield a changelog that is measured again within an hour; before and afterwards nothing is wrong."""
    tale, begins, step = told.firing, seconds(told.firing.begins), seconds(told.firing.step)
    if not begins or not any(is_of_board(name) for name in tale.series):
        return
    healthy, bad = history_of(tale, begins - step), history_of(tale, begins + promised(alert))
    ends = begins + HOUR + max(2 * HOUR, promised(alert))
    all_of_it = Rebuilding(max(4, int(HOUR / step)), step)

    def trial(why: str, rebuilding: Rebuilding, first: int = 0) -> Trial:
        history = _prometheus(rebuilding.of(healthy, bad, int(ends / step) + 1), 0, first)
        return Trial(_told(tale, history, 0, ends, why), fires=False)

    yield trial("all is counted again", all_of_it)
    yield trial("all is counted again, and Prometheus is new", all_of_it, int(begins / step))
    yield trial("what is left is counted again", all_of_it._replace(kept=KEPT))
    if any(is_counter(name) for name in healthy):
        yield trial("all is counted again, and the figures claim to be fresh", all_of_it._replace(behind=0))


def of_other_volume(alert: Alert, told: Told) -> Iterator[Trial]:
    """Yield fewer events, or more, from day to day."""
    tale = told.firing
    if any(is_volume(name) for name in tale.series):
        for why, trend in (("volume falls", -TREND), ("volume rises", TREND)):
            yield _firing(alert, tale, seconds(tale.begins), _trend(trend * seconds(tale.step) / DAY), why)


def _trend(trend: float) -> Change:
    return lambda history: {
        name: trended(name, values, trend) if is_volume(name) else values for name, values in history.items()
    }


def of_each_period(alert: Alert, told: Told) -> Iterator[Trial]:
    """Yield rules that are judged over the last days and by calendar, while reports of the period fall and rise."""
    if "safeclock_objective_" not in alert.expr:
        return
    for calendar in ("no", "yes"):
        series = {
            name.replace('calendar="yes"', f'calendar="{calendar}"'): values
            for name, values in told.firing.series.items()
        }
        for trial in of_other_volume(alert, told._replace(firing=told.firing._replace(series=series))):
            yield trial._replace(tale=trial.tale._replace(why=f"{trial.tale.why}, calendar: {calendar}"))


SITUATIONS: Final[Mapping[str, Situation]] = {
    "first looked at": first_looked_at,
    "born": born,
    "restarted": restarted,
    "away": away,
    "rebuilt": rebuilt,
    "volume": of_other_volume,
    "period": of_each_period,
}
"""Every situation by its name: an alert is tried in each, or has a reason why not."""
