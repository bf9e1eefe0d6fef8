"""The overview: are platforms acting faster on child-safety reports, counting those still waiting?"""

from typing import Final

from dashboards.grafana import queries as ask
from dashboards.grafana.panels import (
    BLUE,
    ORANGE,
    VERMILION,
    Dashboard,
    PanelBuilder,
    PanelSpec,
    Query,
    bar_panel,
    build_dashboard,
    matrix_panel,
    stat_panel,
    table_panel,
    text_panel,
    timeseries_panel,
)
from dashboards.rules.alerts.platforms import SILENT_CADENCES
from dashboards.rules.recording.rules import SLOW_THRESHOLD

UID: Final = "safeclock-overview"
_DEFINITIONS: Final = """\
Figures are **what platforms declare**, checked for plausibility; a report that was never published cannot be seen. \
Nothing here is a verdict on a platform or a law.

*Filed*: the platform's servers first received the report. *Decided*: a final restriction, no violation found, already \
restricted, or gone before a decision. *Acted on*: a final restriction; every other ending stays in the denominator. \
*Shares and medians count reports that are still open*, except where a title says closed reports only. Weeks are ISO \
weeks of filing, UTC; `week-00` is the current one. Cohorts of fewer than 20 reports show no rate.
"""
_SHARE_THRESHOLDS: Final = ((None, VERMILION), (0.5, ORANGE), (0.8, BLUE))


def _speed_panels() -> list[PanelBuilder]:
    verbs = ((ask.ACTION, "Acted on"), (ask.DECISION, "Decided"))
    weekly = (
        "Share of all reports filed in the week, open ones included. No figure: fewer than 20 filed, or not measurable."
    )
    known = (
        "What was known then about the week before: one age of cohort throughout, so the line compares like with like."
    )
    headline: list[PanelBuilder] = [
        matrix_panel(
            PanelSpec(f"{verb} within 24 h, by week of filing", weekly, "percentunit"),
            Query(ask.share_by_week(clock)),
            "cohort",
            _SHARE_THRESHOLDS,
        )
        for clock, verb in verbs
    ]
    course: list[PanelBuilder] = [
        timeseries_panel(
            PanelSpec(f"{verb} within 24 h: last full week of filings, over time", known, "percentunit"),
            [Query(ask.share_of_last_full_week(clock))],
        )
        for clock, verb in verbs
    ]
    return headline + course


def _closed_only_panels() -> list[PanelBuilder]:
    heads = (
        Query(ask.RECENT_FILED, column="Filed", unit="short"),
        Query(ask.closed_only_median(ask.ACTION), column="Median, closed reports only", unit="s"),
        Query(ask.recent_quantile(ask.ACTION, "median"), column="Median, counting those waiting", unit="s"),
        Query(ask.recent_quantile(ask.ACTION, "p90"), column="90 % acted on by", unit="s"),
        Query(ask.recent_share(ask.ACTION, "estimate"), column="Acted on within 24 h", unit="percentunit"),
        Query(ask.recent_share(ask.ACTION, "low"), column="at least", unit="percentunit"),
        Query(ask.recent_share(ask.ACTION, "high"), column="at most", unit="percentunit"),
        Query(ask.recent_quantile(ask.DECISION, "median"), column="Median to decision", unit="s"),
        Query(ask.recent_share(ask.DECISION, "estimate"), column="Decided within 24 h", unit="percentunit"),
        Query(ask.OPEN_NOW, column="Open", unit="short"),
        Query(ask.OLDEST_OPEN, column="Oldest open", unit="s"),
    )
    meaning = (
        "Time to action over the fourteen weeks in view: what a transparency report would print beside what holds when "
        "those still waiting count. At least and at most are a 95 % interval."
    )
    return [
        table_panel(
            PanelSpec("Published median beside the honest one", meaning, "short", 24, 11), heads, ask.VALUE_TEXTS
        )
    ]


def _open_report_panels() -> list[PanelBuilder]:
    missed = (
        "Share of the deadlines judged in three days (the clock stopped, its limit passed or the report ended otherwise) "
        "that were missed; history left out. The line is where the analyst gets a ticket."
    )
    return [
        timeseries_panel(PanelSpec("Open reports", "Filed and not ended so far.", "short", 8), [Query(ask.OPEN_NOW)]),
        timeseries_panel(
            PanelSpec("Oldest open report", "How long ago the oldest open report was filed.", "s", 8),
            [Query(ask.OLDEST_OPEN)],
        ),
        timeseries_panel(
            PanelSpec("Overdue", "Reports whose clock is running past 24 hours, our own yardstick.", "short", 8),
            [Query(ask.OVERDUE, "{{platform}} {{clock}}")],
        ),
        matrix_panel(
            PanelSpec(
                "Where reports stand", "All reports by state; states are exclusive and sum to those filed.", "short"
            ),
            Query(ask.STATES),
            "state",
            ((None, "transparent"),),
        ),
        timeseries_panel(
            PanelSpec("Deadlines missed", missed, "percentunit"),
            [Query(ask.MISSED_RATIO, "{{platform}} {{clock}}")],
            ((None, BLUE), (SLOW_THRESHOLD, VERMILION)),
        ),
    ]


def _objective_panels() -> list[PanelBuilder]:
    texts = (
        "Whether the filings of the period keep what the rule asks, whatever becomes of open ones. No figure: it cannot "
        "be told yet, or the clock ran on nothing. No lawyer reviewed a rule unless safeclock_clock_info says so."
    )
    left = (
        "How many more of the current period's filings so far may miss; below zero, too many did. A rule on each report "
        "allows none, a rule on a mean has no such number."
    )
    urgent = "Of severity critical, or unspecified, and overdue by more than the platform's cadence."
    both = "{{platform}} {{clock}}"
    return [
        *[
            matrix_panel(
                PanelSpec(f"Rules kept: {name}", texts, "short", 24),
                Query(ask.objective_met(period)),
                "clock",
                ((None, VERMILION), (1.0, BLUE)),
                {"0": "not kept", "1": "kept"},
            )
            for period, name in (("current", "this period so far"), ("previous", "the period before"))
        ],
        matrix_panel(
            PanelSpec("Misses left", left, "short", 24),
            Query(ask.MISSES_LEFT),
            "clock",
            ((None, VERMILION), (0.0, ORANGE), (1.0, BLUE)),
        ),
        timeseries_panel(
            PanelSpec("Overdue by rule", "Reports whose clock is running and past its limit.", "short", 8),
            [Query(ask.OVERDUE_BY_RULE, both)],
        ),
        timeseries_panel(
            PanelSpec("Urgent and overdue by rule", urgent, "short", 8), [Query(ask.URGENT_BY_RULE, both)]
        ),
        timeseries_panel(
            PanelSpec("Due soon by rule", "Reports that will pass a limit within a quarter of it.", "short", 8),
            [Query(ask.DUE_SOON, both)],
        ),
    ]


def _histogram_panels() -> list[PanelBuilder]:
    meaning = (
        "Reports by the time they took, upper bounds in seconds, since measuring began. Reports still waiting are not in "
        "it, so it flatters."
    )
    return [
        bar_panel(
            PanelSpec(f"Time to {name}: closed reports only", meaning, "short"),
            Query(ask.stopped_by_bucket(clock), "{{le}}"),
        )
        for clock, name in ((ask.ACTION, "action"), (ask.DECISION, "decision"))
    ]


def _freshness_panels() -> list[PanelBuilder]:
    return [
        stat_panel(
            PanelSpec("Age of the figures", "Time since the instant of which every figure here is true.", "s", 8, 5),
            Query(ask.FIGURES_AGE, "age"),
            ((None, BLUE), (120.0, ORANGE), (900.0, VERMILION)),
        ),
        stat_panel(
            PanelSpec("Figures behind their inputs", "Over a minute: figures are older than what is known.", "s", 8, 5),
            Query(ask.FIGURES_LAG, "behind"),
            ((None, BLUE), (60.0, VERMILION)),
            {"0": "up to date"},
        ),
        stat_panel(
            PanelSpec("Partitions not ready", "Any means that figures are incomplete and stand still.", "short", 8, 5),
            Query(ask.NOT_READY, "not ready"),
            ((None, BLUE), (1.0, VERMILION)),
            {"0": "all ready"},
        ),
    ]


def _data_quality_panels() -> list[PanelBuilder]:
    silence = "How far back a platform says that it is complete, in its own cadences; beyond three it counts as silent."
    heads = (
        Query(ask.DUPLICATES, column="Duplicates"),
        Query(ask.CONFLICTS, column="Conflicts"),
        Query(ask.SKEWED, column="Skewed"),
        Query(ask.RETRACTED, column="Retracted"),
        Query(ask.REOPENED, column="Reopened"),
        Query(ask.REVERSED, column="Reversed"),
        Query(ask.ORPHANS, column="Waiting for a filing"),
    )
    return [
        *_freshness_panels(),
        timeseries_panel(
            PanelSpec("Silence", silence, "short"),
            [Query(ask.SILENCE)],
            ((None, BLUE), (float(SILENT_CADENCES), VERMILION)),
        ),
        timeseries_panel(
            PanelSpec("Events refused", "Since measuring began, by reason; refused events are in no figure.", "short"),
            [Query(ask.REFUSED, "{{platform}} {{reason}}")],
        ),
        table_panel(
            PanelSpec("Second thoughts", "Events by what was odd, since measuring began.", "short", 24), heads, {}
        ),
    ]


def overview_dashboard() -> Dashboard:
    """Return the dashboard."""
    rows: dict[str, list[PanelBuilder]] = {
        "What is measured": [text_panel("How to read this", _DEFINITIONS)],
        "Are reports acted on?": _speed_panels(),
        "What is published, and what is so": _closed_only_panels(),
        "Who is waiting?": _open_report_panels(),
        "Rules": _objective_panels(),
        "As it happened": _histogram_panels(),
        "Can the figures be trusted?": _data_quality_panels(),
    }
    return build_dashboard("Are platforms acting faster on child-safety reports?", UID, rows)
