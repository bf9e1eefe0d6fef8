"""Platforms that miss deadlines faster than their objective allows: three windows, from a bad day to a bad fortnight."""

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
# A rule that asks for a mean, a share or a quantile is judged by that: see `clocks`.
_AGGREGATE_CLOCKS: Final = last_value("safeclock_clock_info", statistic="~mean|share|quantile")
BURN_RATE_ALERTS: Final = tuple(_NAME_BY_WINDOW.values())
_HISTORY_TOLERANCE: Final = "2h"
"""Nobody need have looked at one instant: Prometheus may have been away."""

_STARTING_WHEN: Final = {
    FAST: "a platform begins to miss every deadline",
    SLOW: "a platform begins to miss half of its deadlines",
    SUSTAINED: "a platform begins to miss half of its deadlines",
}
_CHECK: Final = (
    (
        "*Acted on within 24 h, by week of filing* beside *Decided within 24 h, by week of filing*. Slow in both is a "
        "queue, slow only in action is another mix of outcomes."
    ),
    "*Open reports* and *Oldest open report*: a growing backlog will keep missing deadlines.",
    "*Watermark age in cadences* and *Events refused*: actions that were taken but never accepted look like slowness.",
)
_DO: Final = (
    (
        "If refusals rose with the misses, tell the platform's engineer the reasons and fields, which are in "
        "`event-refused`."
    ),
    "Ask the platform, with the days, the clock and the numbers.",
)


def _format_percent(share: float) -> str:
    return f"{100 * share:g} %"


def _burn_rate_expression(window: Window) -> str:
    return only_when_fresh(
        f"  {missed_ratio(window.long)} > {window.threshold}\n"
        f"  and {missed_ratio(window.short)} > {window.threshold}\n"
        f"  and {recorded_increase(REACHED, window.long)} >= {window.min_deadlines}\n"
        # What is counted within an hour of the first look may be of years: the short window begins after it.
        f"  and last_over_time({recorded_total(REACHED)}[{_HISTORY_TOLERANCE}] offset {window.min_history})\n"
        f"  unless on (clock) {_AGGREGATE_CLOCKS}"
    )


def _burn_rate_alert(window: Window, severity: AlertSeverity, notified_within: str) -> Alert:
    slower = BURN_RATE_ALERTS[BURN_RATE_ALERTS.index(_NAME_BY_WINDOW[window]) + 1 :]
    return Alert(
        name=_NAME_BY_WINDOW[window],
        expr=_burn_rate_expression(window),
        audience=Audience.ANALYST,
        severity=severity,
        summary="{{ $labels.platform }} missed {{ $value | humanizePercentage }} of the deadlines of "
        f"{{{{ $labels.clock }}}} that were judged in the last {window.long}",
        for_="15m",
        keep_firing_for="1d",
        notified_within=notified_within,
        starting_when=_STARTING_WHEN[window],
        means=f"more than {_format_percent(window.threshold)} of the deadlines of one clock that were judged on one platform "
        f"were missed, over {window.long} and still in the last {window.short}, with at least {window.min_deadlines} judged in "
        f"the {window.long}: {window.factor:g} times what an objective of 90 % allows. A deadline is judged when its clock "
        "stops, when its limit passes first, or when the report ends otherwise: one that is kept counts when it is kept, "
        f"not when it would have been due. Who has been looked at for less than {window.min_history} is not judged. Corrections by "
        "the platform are taken off; imported history "
        '(`timing="late"`) is left out. Clocks whose rule asks for a mean, a share or a quantile are told by '
        "SafeclockObjectiveMissed.",
        check=_CHECK,
        do=_DO,
        not_meant="a finding of a breach, and not a page.",
        inhibits=(Inhibition(targets=slower, equal=("platform", "clock")),) if slower else (),
    )


ALERTS: Final = (
    _burn_rate_alert(FAST, AlertSeverity.TICKET, "15h"),
    _burn_rate_alert(SLOW, AlertSeverity.TICKET, "45h"),
    _burn_rate_alert(SUSTAINED, AlertSeverity.DIGEST, "5d"),
)
