"""A line of the daily digest when a declared verdict is decided, whatever the verdict says: nobody is paged for it."""

from typing import Final

from dashboards.promql import select
from dashboards.rules.alert import Alert, AlertSeverity, Audience, only_when_fresh

_CELL: Final = "platform, harm, declaration, verdict"
_KNOWN_FOR: Final = "30d"
"""A verdict that was seen in this time, before the last day, is not new."""


def _decided(duration: str, modifier: str = "") -> str:
    verdicts = select("safeclock_verdict_info", standing="declared")
    return f"max by ({_CELL}) (last_over_time({verdicts}[{duration}]{modifier}))"


ALERTS: Final = (
    Alert(
        name="SafeclockVerdictDecided",
        expr=only_when_fresh(f"  {_decided('15m')}\n  unless on ({_CELL}) {_decided(_KNOWN_FOR, ' offset 1d')}"),
        audience=Audience.ANALYST,
        severity=AlertSeverity.DIGEST,
        for_="15m",
        summary="{{ $labels.declaration }} is decided for {{ $labels.platform }} {{ $labels.harm }}: {{ $labels.verdict }}",
        notified_within="30m",
        starting_when="a declared cell gets a verdict, or another verdict than before",
        means="the day of decision of a declaration has come, or a guard has become known afterwards.",
        check=(
            "The verdict's sentence and numbers: `safeclock measure --declared`, or `safeclock_verdict_*` (verdict.md).",
        ),
        do=("Read what the verdict does not mean before you publish it.",),
        not_meant="that something is wrong: every verdict gets one line, also `no clear change`.",
    ),
)
