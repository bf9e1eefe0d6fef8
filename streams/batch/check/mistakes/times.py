"""Mistakes in the times of files: wrong years and units, times that are rounded or the same."""

from typing import Final

from streams.batch.check.line_profile import LineProfile
from streams.batch.check.mistakes.mistake import Measurement, Mistake
from streams.domain.duration_bins import DAY, SECOND
from streams.domain.integrity.confidence import share

_MIN_COUNT: Final = 50
_LAST_MONTH_NUMBER: Final = 12
_MIN_MONTHS: Final = 3
_MIN_HOURS: Final = 6


def _early_years(profile: LineProfile) -> Measurement:
    return Measurement(share(profile.before_2010, profile.lines), profile.lines)


def _epoch_units(profile: LineProfile) -> Measurement:
    return Measurement(share(profile.in_1970, profile.lines), profile.in_1970)


def _first_twelve_days(profile: LineProfile) -> Measurement:
    within = sum(count for day, count in profile.days_of_month.items() if day <= _LAST_MONTH_NUMBER)
    is_spread = len(profile.months) >= _MIN_MONTHS
    return Measurement(
        share(within, profile.days_of_month.total()) if is_spread else 0.0, profile.days_of_month.total()
    )


def _no_afternoon(profile: LineProfile) -> Measurement:
    is_spread = sum(map(bool, profile.filing_hours)) >= _MIN_HOURS
    return Measurement(share(sum(profile.filing_hours[:12]), profile.filings) if is_spread else 0.0, profile.filings)


def _midnights(profile: LineProfile) -> Measurement:
    return Measurement(share(profile.midnights, profile.lines), profile.lines)


def _whole_minutes(profile: LineProfile) -> Measurement:
    return Measurement(share(profile.whole_minutes, profile.lines), profile.lines)


def _one_time(profile: LineProfile) -> Measurement:
    return Measurement(profile.common_time.share, profile.common_time.count)


def _one_recorded_time(profile: LineProfile) -> Measurement:
    is_spread = (profile.last_at or 0) - (profile.first_at or 0) > 2 * DAY
    return Measurement(profile.common_recorded_time.share if is_spread else 0.0, profile.common_recorded_time.count)


def _under_a_second(profile: LineProfile) -> Measurement:
    durations = profile.durations()
    return Measurement(share(sum(0 < duration < SECOND for duration in durations), len(durations)), len(durations))


WRONG_YEARS: Final = (
    Mistake(
        "early_years",
        "Are times before 2010?",
        0.0,
        1,
        _early_years,
        "{value:.1%} of the times are before 2010: probably a wrong year, or a default date for an unknown one",
    ),
    Mistake(
        "epoch_units",
        "Are times in 1970?",
        0.0,
        1,
        _epoch_units,
        "times in 1970: {over:,}; probably seconds were read as milliseconds, or a missing time became 0",
    ),
)

WRONG_FORMS: Final = (
    Mistake(
        "first_twelve_days",
        "Are all times in the first twelve days of their months?",
        0.98,
        _MIN_COUNT,
        _first_twelve_days,
        "all times are in the first twelve days of months: probably day and month are swapped",
    ),
    Mistake(
        "no_afternoon",
        "Were all reports filed before noon?",
        0.995,
        200,
        _no_afternoon,
        "no report was filed from 12:00 to 24:00: probably hours of a 12-hour clock without am and pm",
    ),
    Mistake(
        "midnights",
        "Are times dates without a time of day?",
        0.02,
        20,
        _midnights,
        "{value:.0%} of the times are midnight: probably dates without a time of day",
    ),
    Mistake(
        "whole_minutes",
        "Are times rounded to minutes?",
        0.5,
        20,
        _whole_minutes,
        "{value:.0%} of the times are whole minutes: they look rounded; give at least seconds",
    ),
    Mistake(
        "one_time",
        "Do events share one time?",
        0.5,
        20,
        _one_time,
        "at least {value:.0%} of the events have the same time: probably that of an export or import",
    ),
    Mistake(
        "one_recorded_time",
        "Do events share one `recordedtime`, although they occurred on several days?",
        0.8,
        20,
        _one_recorded_time,
        "nearly all events of several days have the same `recordedtime`: probably that of the export; give the time at "
        "which each event was or would have been published, or leave it out",
    ),
    Mistake(
        "under_a_second",
        "Are durations a thousand times too short?",
        0.5,
        20,
        _under_a_second,
        "{value:.0%} of the first actions are within a second of the filing: probably seconds were read as "
        "milliseconds",
    ),
)
