"""The overview dashboard: do platforms act faster on child-safety reports, open reports included?"""

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
Nothing here is a finding about a platform or a law.

*Filed*: the platform's servers first received the report. *Decided*: a final restriction, no violation found, already \
restricted, or gone before a decision. *Acted on*: a final restriction; reports with any other ending count in the \
denominator. *Shares and medians count reports that are still open*, except where a title says closed only. Weeks are \
ISO weeks of filing, UTC; `week-00` is the current week. Cohorts of fewer than 20 reports show no rate.
"""
_SHARE_THRESHOLDS: Final = ((None, VERMILION), (0.5, ORANGE), (0.8, BLUE))


def _speed_panels() -> list[PanelBuilder]:
    verbs = ((ask.ACTION, "Acted on"), (ask.DECISION, "Decided"))
    weekly = "Share of all reports filed in the week, open reports included. No figure: fewer than 20 filed, or not measurable."
    full_week = "The share of the previous week's filings as it was known at each instant; all cohorts on the line are equally old."
    by_week: list[PanelBuilder] = [
        matrix_panel(
            PanelSpec(f"{verb} within 24 h, by week of filing", weekly, "percentunit"),
            Query(ask.share_by_week(clock)),
            "cohort",
            _SHARE_THRESHOLDS,
        )
        for clock, verb in verbs
    ]
    over_time: list[PanelBuilder] = [
        timeseries_panel(
            PanelSpec(f"{verb} within 24 h: last full week of filings, over time", full_week, "percentunit"),
            [Query(ask.share_of_last_full_week(clock))],
        )
        for clock, verb in verbs
    ]
    return by_week + over_time


def _closed_only_panels() -> list[PanelBuilder]:
    queries = (
        Query(ask.RECENT_FILED, column="Filed", unit="short"),
        Query(ask.closed_only_median(ask.ACTION), column="Closed-only median", unit="s"),
        Query(ask.recent_quantile(ask.ACTION, "median"), column="Median, open reports counted", unit="s"),
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
        "Time to action of filings of the last fourteen weeks: the closed-only median, as transparency reports print it, "
        "beside figures that count open reports. At least and at most are a 95 % interval."
    )
    return [
        table_panel(
            PanelSpec("Closed-only median and median with open reports", meaning, "short", 24, 11),
            queries,
            ask.VALUE_TEXTS,
        )
    ]


def _open_report_panels() -> list[PanelBuilder]:
    missed = (
        "Share of missed deadlines among all that were decided in three days (the clock stopped, its limit passed or the "
        "report ended otherwise); history is left out. Above the dashed line the analyst gets a ticket."
    )
    return [
        timeseries_panel(
            PanelSpec("Open reports", "Reports that are filed and have not ended.", "short", 8), [Query(ask.OPEN_NOW)]
        ),
        timeseries_panel(
            PanelSpec("Oldest open report", "How long ago the oldest open report was filed.", "s", 8),
            [Query(ask.OLDEST_OPEN)],
        ),
        timeseries_panel(
            PanelSpec(
                "Overdue", "Reports whose clock has run past 24 hours, a limit that Safeclock chose.", "short", 8
            ),
            [Query(ask.OVERDUE, "{{platform}} {{clock}}")],
        ),
        matrix_panel(
            PanelSpec("Reports by state", "All filed reports by state; each report is in exactly one state.", "short"),
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
        "Whether the filings of the period meet the objective, with any outcome of open reports. No figure: the result is "
        "not known yet, or the clock ran on no report. No lawyer reviewed a rule unless safeclock_clock_info says so."
    )
    left = (
        "How many more filings of the current period may miss the objective; below zero, too many have missed it. An "
        "objective for each report allows no miss; an objective for a mean has no such number."
    )
    urgent = "Reports of critical or unspecified severity that are overdue by more than the platform's cadence."
    legend = "{{platform}} {{clock}}"
    return [
        *[
            matrix_panel(
                PanelSpec(f"Objectives met: {name}", texts, "short", 24),
                Query(ask.objective_met(period)),
                "clock",
                ((None, VERMILION), (1.0, BLUE)),
                {"0": "missed", "1": "met"},
            )
            for period, name in (("current", "current period"), ("previous", "previous period"))
        ],
        matrix_panel(
            PanelSpec("Misses left", left, "short", 24),
            Query(ask.MISSES_LEFT),
            "clock",
            ((None, VERMILION), (0.0, ORANGE), (1.0, BLUE)),
        ),
        timeseries_panel(
            PanelSpec("Overdue by clock", "Reports whose clock runs and is past its limit.", "short", 8),
            [Query(ask.OVERDUE_BY_RULE, legend)],
        ),
        timeseries_panel(
            PanelSpec("Urgent and overdue by clock", urgent, "short", 8), [Query(ask.URGENT_BY_RULE, legend)]
        ),
        timeseries_panel(
            PanelSpec("Due soon by clock", "Reports with at most a quarter of the limit left.", "short", 8),
            [Query(ask.DUE_SOON, legend)],
        ),
    ]


def _histogram_panels() -> list[PanelBuilder]:
    meaning = (
        "Reports by duration since measurement began, upper bounds in seconds. Open reports are left out, so durations "
        "look shorter than they are."
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
            PanelSpec("Age of the figures", "Time since the instant up to which all inputs were read.", "s", 8, 5),
            Query(ask.FIGURES_AGE, "age"),
            ((None, BLUE), (120.0, ORANGE), (900.0, VERMILION)),
        ),
        stat_panel(
            PanelSpec("Figures behind their inputs", "Over a minute: the board computes too slowly.", "s", 8, 5),
            Query(ask.FIGURES_LAG, "behind"),
            ((None, BLUE), (60.0, VERMILION)),
            {"0": "up to date"},
        ),
        stat_panel(
            PanelSpec("Partitions not ready", "Above zero: figures wait for these partitions.", "short", 8, 5),
            Query(ask.NOT_READY, "not ready"),
            ((None, BLUE), (1.0, VERMILION)),
            {"0": "all ready"},
        ),
    ]


def _data_quality_panels() -> list[PanelBuilder]:
    watermark_age = (
        "Age of a platform's declared watermark, in cadences of the platform; above three it counts as silent."
    )
    queries = (
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
            PanelSpec("Watermark age in cadences", watermark_age, "short"),
            [Query(ask.SILENCE)],
            ((None, BLUE), (float(SILENT_CADENCES), VERMILION)),
        ),
        timeseries_panel(
            PanelSpec(
                "Events refused", "Since measurement began, by reason; refused events are in no figure.", "short"
            ),
            [Query(ask.REFUSED, "{{platform}} {{reason}}")],
        ),
        table_panel(
            PanelSpec("Unusual events", "Events that need attention, by kind, since measurement began.", "short", 24),
            queries,
            {},
        ),
    ]


def overview_dashboard() -> Dashboard:
    """Return the dashboard."""
    rows: dict[str, list[PanelBuilder]] = {
        "What is measured": [text_panel("How to read this dashboard", _DEFINITIONS)],
        "Are reports acted on?": _speed_panels(),
        "Closed-only figures and figures with open reports": _closed_only_panels(),
        "Open reports and deadlines": _open_report_panels(),
        "Objectives": _objective_panels(),
        "Durations of closed reports": _histogram_panels(),
        "Can the figures be trusted?": _data_quality_panels(),
    }
    return build_dashboard("Are platforms acting faster on child-safety reports?", UID, rows)
