"""Times that are wrong throughout: local times without their offset, other units, rounded or swapped."""

from bisect import bisect_left
from itertools import accumulate
from statistics import median
from typing import Final

from streams.batch.check.line_profile import LineProfile
from streams.batch.check.mistakes.mistake import Measurement, Mistake
from streams.batch.check.utc_offsets import (
    NO_OFFSET,
    OffsetShare,
    format_offset,
    largest_offset_below,
    skipped_hours,
    smallest_offset_above,
)
from streams.domain.duration_bins import DAY, SECOND
from streams.domain.vocabulary import Reason

_MIN_COUNT: Final = 50
_OFFSET_SHARE: Final = 0.1
"""Of values that a fixed offset was added to, at least so many lie close to the offset."""

_MIN_USUAL_EVENTS: Final = 15
_MIN_NEIGHBOUR_DAYS: Final = 6
_WINTER: Final = frozenset({0, 1, 10, 11})
_SUMMER: Final = frozenset({4, 5, 6, 7})
_DAYLIGHT_SAVING_GROUPS: Final = (
    (range(60, 181), frozenset({"EU", "UK", "ZZ"})),
    (range(-600, -239), frozenset({"US", "ZZ"})),
)
"""Offsets from UTC, in minutes, and the groups of jurisdictions with these offsets where clocks change."""

_MAIN_SHARE: Final = 0.8
_LAST_MONTH_NUMBER: Final = 12
_MIN_MONTHS: Final = 3
_MIN_HOURS: Final = 6


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _offset_measurement(offset: OffsetShare, over: int) -> Measurement:
    return Measurement(offset.share, over, format_offset(offset.offset))


def _early_years(seen: LineProfile) -> Measurement:
    return Measurement(_share(seen.before_2010, seen.lines), seen.lines)


def _epoch_units(seen: LineProfile) -> Measurement:
    return Measurement(_share(seen.in_1970, seen.lines), seen.in_1970)


def _ahead_by_offset(seen: LineProfile) -> Measurement:
    return _offset_measurement(smallest_offset_above(seen.future_by_ms), len(seen.future_by_ms))


def _in_the_future(seen: LineProfile) -> Measurement:
    clustered = _ahead_by_offset(seen)
    known = len(seen.future_by_ms) >= _MIN_COUNT and clustered.value > _OFFSET_SHARE
    return Measurement(0.0 if known else _share(seen.future_lines, seen.lines), seen.future_lines)


def _logged_long_after(seen: LineProfile) -> Measurement:
    return Measurement(_share(seen.refused[Reason.TOO_OLD], seen.lines), seen.refused[Reason.TOO_OLD])


def _late_by_offset(seen: LineProfile) -> Measurement:
    delays = seen.delays()
    return _offset_measurement(largest_offset_below(delays), len(delays))


def _logged_after_heartbeat(seen: LineProfile) -> Measurement:
    """Measure the share of events that were told after a heartbeat that promised everything up to later."""
    promises = sorted(seen.heartbeat_times.values())
    heartbeat_logged_at = [logged_at for logged_at, _ in promises]
    promised = list(accumulate((complete_through for _, complete_through in promises), max, initial=0))
    times = list(seen.event_times.values())
    broken = sum(at < promised[bisect_left(heartbeat_logged_at, told)] for at, told in times)
    return Measurement(_share(broken, len(times)), len(times))


def _negative_durations(seen: LineProfile) -> tuple[list[int], int]:
    """Return how far first actions lie before their filings, and over how many reports; two minutes are allowed."""
    durations = seen.durations()
    return [-one for one in durations if one < -120 * SECOND], len(durations)


def _acted_before_filed(seen: LineProfile) -> Measurement:
    early, over = _negative_durations(seen)
    offset = smallest_offset_above(early) if len(early) >= _MIN_COUNT else NO_OFFSET
    about = f", at most {format_offset(offset.offset)}" if offset.share > _OFFSET_SHARE else ""
    return Measurement(_share(len(early), over), over, about)


def _acted_after_offset(seen: LineProfile) -> Measurement:
    durations = seen.durations()
    return _offset_measurement(largest_offset_below(durations), len(durations))


def _skipped_hour_empty(seen: LineProfile) -> Measurement:
    """Measure the busiest hour that clocks skip and in which nothing happened: what happens there on other days."""
    found = [
        _usual_count(seen, day, hour)
        for day in {day for day, _ in seen.spring_hours}
        for hour in _empty_hours(seen, day)
    ]
    return Measurement(max(found, default=0.0), _MIN_NEIGHBOUR_DAYS)


def _empty_hours(seen: LineProfile, day: int) -> list[int]:
    return [hour for hour, _ in skipped_hours(day) if not seen.spring_hours[day, hour]]


def _usual_count(seen: LineProfile, day: int, hour: int) -> float:
    """Return how many events the same hour has on the days around, 0 where that is not known."""
    around = [seen.spring_hours[other, hour] for other in range(day - 7, day + 8) if other != day]
    filled = [count for count in around if count]
    return median(filled) if len(filled) >= _MIN_NEIGHBOUR_DAYS else 0.0


def _bad_times_at_change(seen: LineProfile) -> Measurement:
    span = (seen.last_at or 0) - (seen.first_at or 0)
    share = _share(seen.bad_times_at_change, seen.bad_times)
    return Measurement(share if span > 3 * DAY else 0.0, seen.bad_times)


def _skipped_hour_written(seen: LineProfile) -> Measurement:
    """Measure how many times stand in a skipped hour, where the zone's rules are known by its offsets or its reports."""
    counts = [
        count
        for offset, count in seen.skipped_hours.items()
        if {offset, offset + 60} <= seen.offsets.keys() or _share_with_daylight_saving(seen, offset) > _MAIN_SHARE
    ]
    return Measurement(sum(counts), seen.lines)


def _one_offset_all_year(seen: LineProfile) -> Measurement:
    """Measure the share of filings where clocks change, if one offset of there is used in summer and winter."""
    seasons = {month % 12 for month in seen.months}
    offset = next(iter(seen.offsets)) if len(seen.offsets) == 1 else 0
    both = seasons & _WINTER and seasons & _SUMMER
    return Measurement(_share_with_daylight_saving(seen, offset) if both else 0.0, seen.lines)


def _share_with_daylight_saving(seen: LineProfile, offset: int) -> float:
    """Return the share of filings under the law of places that have an offset, in minutes, and change their clocks."""
    groups = next((groups for offsets, groups in _DAYLIGHT_SAVING_GROUPS if offset in offsets), frozenset[str]())
    there = sum(count for touched, count in seen.jurisdiction_groups.items() if groups.issuperset(touched.split("+")))
    return _share(there, seen.filings)


def _first_twelve_days(seen: LineProfile) -> Measurement:
    within = sum(count for day, count in seen.days_of_month.items() if day <= _LAST_MONTH_NUMBER)
    several = len(seen.months) >= _MIN_MONTHS
    return Measurement(_share(within, seen.days_of_month.total()) if several else 0.0, seen.days_of_month.total())


def _no_afternoon(seen: LineProfile) -> Measurement:
    several = sum(map(bool, seen.filing_hours)) >= _MIN_HOURS
    return Measurement(_share(sum(seen.filing_hours[:12]), seen.filings) if several else 0.0, seen.filings)


def _midnights(seen: LineProfile) -> Measurement:
    return Measurement(_share(seen.midnights, seen.lines), seen.lines)


def _whole_minutes(seen: LineProfile) -> Measurement:
    return Measurement(_share(seen.whole_minutes, seen.lines), seen.lines)


def _one_time(seen: LineProfile) -> Measurement:
    return Measurement(seen.common_time.share, seen.common_time.count)


def _one_recorded_time(seen: LineProfile) -> Measurement:
    spread = (seen.last_at or 0) - (seen.first_at or 0) > 2 * DAY
    return Measurement(seen.common_recorded_time.share if spread else 0.0, seen.common_recorded_time.count)


def _under_a_second(seen: LineProfile) -> Measurement:
    durations = seen.durations()
    return Measurement(_share(sum(0 < one < SECOND for one in durations), len(durations)), len(durations))


MISTAKES: Final = (
    Mistake(
        "early_years",
        "Do times lie before 2010?",
        0.0,
        1,
        _early_years,
        "{value:.1%} of the times lie before 2010: probably a mistyped year, or a default date where none was known",
    ),
    Mistake(
        "epoch_units",
        "Do times lie in 1970?",
        0.0,
        1,
        _epoch_units,
        "{over:,} times lie in 1970: probably seconds were read as milliseconds, or a missing time became 0",
    ),
    Mistake(
        "ahead_by_an_offset",
        "Do refused times lie ahead by the offset of a zone?",
        _OFFSET_SHARE,
        _MIN_COUNT,
        _ahead_by_offset,
        "{over:,} lines are refused because `time` lies up to {about} after they were told: probably `time` is local "
        "time written as UTC, or `recordedtime` is; write both with the zone's offset",
    ),
    Mistake(
        "in_the_future",
        "Are times in the future?",
        0.02,
        10,
        _in_the_future,
        "{over:,} lines are refused because they lie in the future: probably local time written as UTC, a wrong year, "
        "or day and month swapped",
    ),
    Mistake(
        "logged_long_after",
        "Were filings told more than 14 days after they happened?",
        0.05,
        20,
        _logged_long_after,
        "{over:,} filings are refused because `recordedtime` is more than 14 days after `time`: probably a wrong year, "
        "or the time of the export; `recordedtime` is when each event was told or would have been",
    ),
    Mistake(
        "late_by_an_offset",
        "Was everything told later by the offset of a zone?",
        _OFFSET_SHARE,
        _MIN_COUNT,
        _late_by_offset,
        "no event was told sooner than {about} after it happened, and many just then: probably `time` is local time "
        "written as UTC, or `recordedtime` is; write both with the zone's offset",
    ),
    Mistake(
        "logged_after_heartbeat",
        "Were events told after a heartbeat had promised that there were no more?",
        0.05,
        _MIN_COUNT,
        _logged_after_heartbeat,
        "{value:.0%} of the events were told after a heartbeat that promised everything up to later than they "
        "happened: probably their times are local time written as UTC, or `complete_through` runs ahead of what was "
        "published",
    ),
    Mistake(
        "acted_before_filed",
        "Do actions lie before their filings?",
        0.1,
        20,
        _acted_before_filed,
        "in {value:.0%} of the reports an action lies before the filing{about}: probably the times of actions or those "
        "of filings are local time written as UTC; write both with the zone's offset",
    ),
    Mistake(
        "acted_after_an_offset",
        "Is every duration longer by the offset of a zone?",
        _OFFSET_SHARE,
        _MIN_COUNT,
        _acted_after_offset,
        "no first action comes sooner than {about} after its filing, and many just then: probably the times of actions "
        "or those of filings are local time written as UTC; write both with the zone's offset",
    ),
    Mistake(
        "skipped_hour_empty",
        "Is the hour empty that clocks skip in spring?",
        _MIN_USUAL_EVENTS,
        _MIN_NEIGHBOUR_DAYS,
        _skipped_hour_empty,
        "nothing happened in the hour that clocks skip in spring, where other days have {value:.0f} events: probably "
        "the times are local time written as UTC",
    ),
    Mistake(
        "bad_times_at_change",
        "Do actions precede their filings only in the night in which clocks go back?",
        0.9,
        3,
        _bad_times_at_change,
        "{over} actions lie before their filings, nearly all in a night in which clocks go back: probably the times "
        "are local time written as UTC",
    ),
    Mistake(
        "skipped_hour_written",
        "Are times written in an hour that clocks skip?",
        0.0,
        1,
        _skipped_hour_written,
        "{value:.0f} times are written in an hour of spring that clocks skip: probably the offset was not taken from "
        "the zone's rules of that instant",
    ),
    Mistake(
        "one_offset_all_year",
        "Is the offset the same in summer and in winter, where clocks change?",
        _MAIN_SHARE,
        _MIN_COUNT,
        _one_offset_all_year,
        "all times have the same offset in summer and in winter: where clocks change, one of the two is an hour off",
    ),
    Mistake(
        "first_twelve_days",
        "Do all times lie in the first twelve days of their months?",
        0.98,
        _MIN_COUNT,
        _first_twelve_days,
        "all times lie in the first twelve days of months: probably day and month are swapped",
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
        "at least {value:.0%} of the events have the same time: probably that of the export or of an import",
    ),
    Mistake(
        "one_recorded_time",
        "Do events share one `recordedtime`, although they happened on several days?",
        0.8,
        20,
        _one_recorded_time,
        "nearly all events of several days have the same `recordedtime`: probably that of the export; give the one at "
        "which each was told or would have been, or leave it out",
    ),
    Mistake(
        "under_a_second",
        "Are durations a thousand times too short?",
        0.5,
        20,
        _under_a_second,
        "{value:.0%} of the first actions come within a second of the filing: probably seconds were read as "
        "milliseconds",
    ),
)
