"""Alerts on platforms that miss more deadlines than the objective allows: three windows, from a day to two weeks."""

from typing import Final

from dashboards.rules.alert import Alert, AlertSeverity, Audience, Inhibition, last_value, only_when_fresh
from dashboards.rules.recording.rules import (
    FAST,
    REACHED,
    SLOW,
    SUSTAINED,
    Window,
    missed_ratio,
    recorded_increase,
    recorded_total,
)

_NAME_BY_WINDOW: Final = {
    FAST: "SafeclockSlowResponseFast",
    SLOW: "SafeclockSlowResponse",
    SUSTAINED: "SafeclockSlowResponseSustained",
}
# An objective for a mean, a share or a quantile has alerts of its own: see `objectives`.
_AGGREGATE_CLOCKS: Final = last_value("safeclock_clock_info", statistic="~mean|share|quantile")
BURN_RATE_ALERT_NAMES: Final = tuple(_NAME_BY_WINDOW.values())
_HISTORY_TOLERANCE: Final = "2h"
"""How long before the required instant a sample may lie, since Prometheus may have been down at that instant."""

_STARTING_WHEN: Final = {
    FAST: "a platform begins to miss every deadline",
    SLOW: "a platform begins to miss half of its deadlines",
    SUSTAINED: "a platform begins to miss half of its deadlines",
}
_CHECK: Final = (
    (
        "*Acted on within 24 h, by week of filing* and *Decided within 24 h, by week of filing*: both low means that "
        "reports wait; only action low means that the mix of outcomes changed."
    ),
    "*Open reports* and *Oldest open report*: if the backlog grows, more deadlines will be missed.",
    "*Watermark age in cadences* and *Events refused*: missing or refused actions look like slowness.",
)
_DO: Final = (
    (
        "If refusals rose together with the misses, send the platform's engineer the reasons and fields from "
        "`event-refused`."
    ),
    "Ask the platform for the cause; name the days, the clock and the numbers.",
)


def _format_percent(share: float) -> str:
    return f"{100 * share:g} %"


def _burn_rate_expression(window: Window) -> str:
    return only_when_fresh(
        f"  {missed_ratio(window.long)} > {window.threshold}\n"
        f"  and {missed_ratio(window.short)} > {window.threshold}\n"
        f"  and {recorded_increase(REACHED, window.long)} >= {window.min_deadlines}\n"
        # The first hour of samples may count events of years, so the short window must begin after that hour.
        f"  and last_over_time({recorded_total(REACHED)}[{_HISTORY_TOLERANCE}] offset {window.min_history})\n"
        f"  unless on (clock) {_AGGREGATE_CLOCKS}"
    )


def _burn_rate_alert(window: Window, severity: AlertSeverity, notified_within: str) -> Alert:
    slower = BURN_RATE_ALERT_NAMES[BURN_RATE_ALERT_NAMES.index(_NAME_BY_WINDOW[window]) + 1 :]
    return Alert(
        name=_NAME_BY_WINDOW[window],
        expr=_burn_rate_expression(window),
        audience=Audience.ANALYST,
        severity=severity,
        summary="{{ $labels.platform }} missed {{ $value | humanizePercentage }} of the deadlines of "
        f"{{{{ $labels.clock }}}} that were decided in the last {window.long}",
        for_="15m",
        keep_firing_for="1d",
        notified_within=notified_within,
        starting_when=_STARTING_WHEN[window],
        means=f"the platform missed more than {_format_percent(window.threshold)} of the deadlines of one clock that were "
        f"decided in the last {window.long}, and also of those in the last {window.short}; at least {window.min_deadlines} "
        f"deadlines were decided in the {window.long}. This is {window.factor:g} times what an objective of 90 % allows. A "
        "deadline is decided when its clock stops, when its limit passes, or when the report ends otherwise. A deadline that "
        f"is met counts when it is met. Platforms that were measured for less than {window.min_history} are left out. "
        "Corrections by the platform are subtracted; imported history "
        '(`timing="late"`) is left out. For clocks with an objective for a mean, a share or a quantile, '
        "SafeclockObjectiveMissed fires instead.",
        check=_CHECK,
        do=_DO,
        not_meant="that the platform broke a law.",
        inhibits=(Inhibition(targets=slower, equal=("platform", "clock")),) if slower else (),
    )


ALERTS: Final = (
    _burn_rate_alert(FAST, AlertSeverity.TICKET, "15h"),
    _burn_rate_alert(SLOW, AlertSeverity.TICKET, "45h"),
    _burn_rate_alert(SUSTAINED, AlertSeverity.DIGEST, "5d"),
)
