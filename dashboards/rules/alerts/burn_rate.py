"""Platforms that miss deadlines faster than their objective allows: three windows, from a bad day to a bad fortnight."""

from typing import Final

from dashboards.rules.alert import Alert, Audience, Mute, Severity, fresh, held
from dashboards.rules.recording.rules import FAST, LASTING, REACHED, SLOW, Window, counted, growth, ratio

_NAMES: Final = {
    FAST: "SafeclockSlowResponseFast",
    SLOW: "SafeclockSlowResponse",
    LASTING: "SafeclockSlowResponseLasting",
}
# A rule that asks for a mean, a share or a quantile is judged by that: see `clocks`.
_OF_MANY: Final = held("safeclock_clock_info", statistic="~mean|share|quantile")
BURNS: Final = tuple(_NAMES.values())
_AROUND: Final = "2h"
"""Nobody need have looked at one instant: Prometheus may have been away."""

_SINCE: Final = {
    FAST: "a platform begins to miss every deadline",
    SLOW: "a platform begins to miss half of its deadlines",
    LASTING: "a platform begins to miss half of its deadlines",
}
_CHECK: Final = (
    (
        "*Acted on within 24 h, by week of filing* beside *Decided within 24 h, by week of filing*. Slow in both is a "
        "queue, slow only in action is another mix of outcomes."
    ),
    "*Open reports* and *Oldest open report*: a growing backlog will keep missing deadlines.",
    "*Silence* and *Events refused*: actions that were taken but never accepted look like slowness.",
)
_DO: Final = (
    (
        "If refusals rose with the misses, tell the platform's engineer the reasons and fields, which are in "
        "`event-refused`."
    ),
    "Ask the platform, with the days, the clock and the numbers.",
)


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _expr(window: Window) -> str:
    return fresh(
        f"  {ratio(window.long)} > {window.threshold}\n"
        f"  and {ratio(window.short)} > {window.threshold}\n"
        f"  and {growth(REACHED, window.long)} >= {window.least}\n"
        # What is counted within an hour of the first look may be of years: the short window begins after it.
        f"  and last_over_time({counted(REACHED)}[{_AROUND}] offset {window.known})\n"
        f"  unless on (clock) {_OF_MANY}"
    )


def _burn(window: Window, severity: Severity, within: str) -> Alert:
    slower = BURNS[BURNS.index(_NAMES[window]) + 1 :]
    return Alert(
        name=_NAMES[window],
        expr=_expr(window),
        audience=Audience.ANALYST,
        severity=severity,
        summary="{{ $labels.platform }} missed {{ $value | humanizePercentage }} of the deadlines of "
        f"{{{{ $labels.clock }}}} that were judged in the last {window.long}",
        wait="15m",
        keep="1d",
        within=within,
        since=_SINCE[window],
        means=f"more than {_percent(window.threshold)} of the deadlines of one clock that were judged on one platform "
        f"were missed, over {window.long} and still in the last {window.short}, with at least {window.least} judged in "
        f"the {window.long}: {window.factor:g} times what an objective of 90 % allows. A deadline is judged when its clock "
        "stops, when its limit passes first, or when the report ends otherwise: one that is kept counts when it is kept, "
        f"not when it would have been due. Who has been looked at for less than {window.known} is not judged. Corrections by "
        "the platform are taken off; imported history "
        '(`timing="late"`) is left out. Clocks whose rule asks for a mean, a share or a quantile are told by '
        "SafeclockObjectiveMissed.",
        check=_CHECK,
        do=_DO,
        mistaken="a finding of a breach, and not a page.",
        mutes=(Mute(of=slower, equal=("platform", "clock")),) if slower else (),
    )


ALERTS: Final = (
    _burn(FAST, Severity.TICKET, "15h"),
    _burn(SLOW, Severity.TICKET, "45h"),
    _burn(LASTING, Severity.DIGEST, "5d"),
)
