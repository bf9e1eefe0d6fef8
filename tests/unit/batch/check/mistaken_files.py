"""Files with one mistake throughout, by the name of the mistake, and how they are checked."""

from collections import Counter
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Final

import pytest
from _pytest.mark.structures import ParameterSet

from producers.simulation.model.config import SimulationConfig
from streams.batch.check.check import CheckedFiles, check
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import format_timestamp, parse_timestamp
from streams.domain.duration_bins import DAY, HOUR, MINUTE
from tests.unit.batch.check.planted_files import (
    ACTION_TYPE,
    FILING_TYPE,
    FileChange,
    JsonObject,
    as_local_time,
    change_events,
    compose,
    round_times,
    shift_times,
    with_data,
    without_fields,
)

LATER: Final = parse_timestamp("2040-01-01T00:00:00Z")
PROMPT_PLATFORMS: Final = ("lantern", "cobalt", "meadow", "pebble")
"""Platforms of the simulation that publish at once; they are slow and fast, and differ in what they do."""

SMALL: Final = SimulationConfig(seed=3, weeks=2, reports=1_600)
LARGE: Final = SimulationConfig(seed=4, weeks=4, reports=12_000)
SPRING: Final = SimulationConfig(seed=4, weeks=2, reports=40_000, start_ms=parse_timestamp("2026-03-19T00:00:00Z"))
AMERICAN_SPRING: Final = SPRING._replace(start_ms=parse_timestamp("2026-03-01T00:00:00Z"))
AUTUMN: Final = SimulationConfig(seed=4, weeks=1, reports=25_000, start_ms=parse_timestamp("2026-10-22T00:00:00Z"))
AMERICAN_AUTUMN: Final = AUTUMN._replace(reports=50_000, start_ms=parse_timestamp("2026-10-28T00:00:00Z"))
HALF_A_YEAR: Final = SimulationConfig(seed=4, weeks=30, reports=4_000)
OFFSETS: Final = (-10, -8, -5, -3.5, -1, 1, 2, 5.5, 9, 13)

WITHOUT_RECORDED_TIME: Final = change_events(without_fields("recordedtime"))
ENDINGS: Final = {"no_violation", "already_restricted", "unavailable", "out_of_scope", "invalidated", "withdrawn"}


def check_lines(folder: Path, lines: Iterable[bytes], now: int = LATER) -> CheckedFiles:
    path = folder / "events.jsonl"
    path.write_bytes(b"\n".join(lines))
    return check([path], Registry.accepting_all(), lambda: now)


def mistakes_by_platform(found: CheckedFiles) -> dict[str, set[str]]:
    """Return the mistakes that every platform is told of."""
    return {platform.platform: set(platform.mistakes) for platform in found.platforms}


def with_year(text: str) -> FileChange:
    return compose(
        WITHOUT_RECORDED_TIME,
        change_events(lambda event: event | {"time": text + event["time"][4:]}, FILING_TYPE, ACTION_TYPE),
    )


def only_outcomes(*outcomes: str, interim: bool = False) -> FileChange:
    """Return the plant that leaves reports without these outcomes out, and may call restrictions interim."""

    def plant(events: list[JsonObject]) -> Iterable[JsonObject]:
        closed = {
            event["subject"]
            for event in events
            if event["type"] == ACTION_TYPE and event["data"]["outcome"] in outcomes
        }
        kept = [event for event in events if event.get("subject") in closed]
        return [_interim(event) for event in kept] if interim else kept

    return plant


def _interim(event: JsonObject) -> JsonObject:
    restricted = event["data"].get("outcome", "").endswith("restricted") and "restrictions" in event["data"]
    return with_data(interim=True)(event) if restricted else event


def joined_reports(events: list[JsonObject]) -> list[JsonObject]:
    acted = {event["subject"] for event in events if event["type"] == ACTION_TYPE}
    return [event for event in events if event.get("subject") in acted]


def shortened_delays(events: list[JsonObject]) -> Iterable[JsonObject]:
    """Return the events with durations a thousand times shorter."""
    filed = {event["subject"]: parse_timestamp(event["time"]) for event in events if event["type"] == FILING_TYPE}
    for event in events:
        begin = filed.get(event.get("subject", ""))
        if event["type"] == ACTION_TYPE and begin is not None:
            yield event | {"time": format_timestamp(begin + (parse_timestamp(event["time"]) - begin) // 1_000)}
        else:
            yield event


def day_and_month_swapped(event: JsonObject) -> JsonObject | None:
    month, day = event["time"][5:7], event["time"][8:10]
    return event | {"time": f"{event['time'][:5]}{day}-{month}{event['time'][10:]}"} if day <= "12" else None


def twelve_hours(event: JsonObject) -> JsonObject:
    return event | {"time": f"{event['time'][:11]}{int(event['time'][11:13]) % 12:02}{event['time'][13:]}"}


def numbered_anew_each_day(events: list[JsonObject]) -> Iterable[JsonObject]:
    numbers: Counter[str] = Counter()
    for event in events:
        day = event["source"] + event["time"][:10]
        numbers[day] += 1
        yield event | {"id": f"event-{numbers[day]:06}"}


def late_at_night(hours: int, zone: str) -> FileChange:
    """Return the plant that moves the busy evening into the night, and then writes local times."""
    moved = change_events(shift_times(hours * HOUR, "time", "recordedtime"))
    return compose(moved, change_events(as_local_time(zone, "time", "recordedtime"), FILING_TYPE, ACTION_TYPE))


def in_skipped_hour(event: JsonObject) -> JsonObject:
    """Return an event at 02:30 of a night in which 02:00 is followed by 03:00, others with Berlin's offset."""
    if event["id"].endswith("00"):
        return event | {"time": "2026-03-29T02:30:00.123+01:00"}
    summer = event["time"] > "2026-03-29T01"
    offset = 2 * HOUR if summer else HOUR
    written = format_timestamp(parse_timestamp(event["time"]) + offset)
    return event | {"time": f"{written[:-1]}{'+02:00' if summer else '+01:00'}"}


def in_skipped_hour_of_one_offset(event: JsonObject) -> JsonObject | None:
    """Return an event with Berlin's offset in winter, up to the end of the hour that does not exist."""
    after = event["time"] > "2026-03-29T01"
    return None if after else in_skipped_hour(event)


def always_winter(event: JsonObject) -> JsonObject:
    return event | {"time": f"{format_timestamp(parse_timestamp(event['time']) + HOUR)[:-1]}+01:00"}


def own_key_id(event: JsonObject) -> JsonObject:
    return event | {"subject": event["subject"][3:5].lower().replace("_", "0").replace("-", "0") + event["subject"][2:]}


MISTAKEN_FILES: Final[list[tuple[str, SimulationConfig, FileChange]]] = [
    ("early_years", SMALL, with_year("1998")),
    ("early_years", SMALL, with_year("2006")),
    ("epoch_units", SMALL, compose(WITHOUT_RECORDED_TIME, change_events(lambda event: event | {"time": format_timestamp(parse_timestamp(event["time"]) // 1_000)}))),
    ("in_the_future", SMALL, with_year("2062")),
    ("in_the_future", SMALL, compose(WITHOUT_RECORDED_TIME, change_events(lambda event: event | {"time": "2041-01-01T00:00:00Z"}, ACTION_TYPE))),
    ("logged_long_after", SMALL, change_events(lambda event: event | {"recordedtime": "2026-03-20T00:00:00Z"})),
    ("logged_after_heartbeat", SMALL, change_events(shift_times(-5 * HOUR, "time"), FILING_TYPE, ACTION_TYPE)),
    ("skipped_hour_empty", SPRING, compose(WITHOUT_RECORDED_TIME, change_events(as_local_time("Europe/London", "time")))),
    ("skipped_hour_empty", SPRING, change_events(as_local_time("Europe/Berlin", "time", "recordedtime"))),
    ("skipped_hour_empty", SPRING, compose(WITHOUT_RECORDED_TIME, change_events(as_local_time("Europe/Athens", "time")))),
    ("skipped_hour_empty", AMERICAN_SPRING, compose(WITHOUT_RECORDED_TIME, change_events(as_local_time("America/Chicago", "time")))),
    ("bad_times_at_change", AUTUMN, compose(WITHOUT_RECORDED_TIME, late_at_night(4, "Europe/Berlin"))),
    ("bad_times_at_change", AMERICAN_AUTUMN, late_at_night(9, "America/New_York")),
    ("skipped_hour_written", SPRING, compose(WITHOUT_RECORDED_TIME, change_events(in_skipped_hour))),
    ("skipped_hour_written", SPRING, compose(WITHOUT_RECORDED_TIME, change_events(in_skipped_hour_of_one_offset))),
    ("one_offset_all_year", HALF_A_YEAR, compose(WITHOUT_RECORDED_TIME, change_events(always_winter))),
    ("first_twelve_days", HALF_A_YEAR, compose(WITHOUT_RECORDED_TIME, change_events(day_and_month_swapped))),
    ("no_afternoon", LARGE, compose(WITHOUT_RECORDED_TIME, change_events(twelve_hours))),
    ("midnights", SMALL, compose(WITHOUT_RECORDED_TIME, change_events(round_times(DAY)))),
    ("midnights", SMALL, compose(WITHOUT_RECORDED_TIME, change_events(round_times(HOUR)))),
    ("whole_minutes", SMALL, compose(WITHOUT_RECORDED_TIME, change_events(round_times(MINUTE)))),
    ("one_time", SMALL, change_events(lambda event: event | {"time": "2026-01-05T10:00:00.123Z"})),
    ("one_recorded_time", SMALL, change_events(lambda event: event | {"recordedtime": "2026-01-19T00:00:00.123Z"})),
    ("under_a_second", SMALL, compose(WITHOUT_RECORDED_TIME, shortened_delays)),
    ("interim_only", SMALL, only_outcomes(*ENDINGS, "restricted", "account_restricted", interim=True)),
    ("all_acted", LARGE, joined_reports),
    ("no_action", SMALL, lambda events: [event for event in events if event["type"] != ACTION_TYPE]),
    ("ids_in_conflict", SMALL, change_events(lambda event: event | {"id": event["id"][:13]})),
    ("ids_of_others", SMALL, change_events(lambda event: event | {"id": "constant-id"})),
    ("ids_of_others", SMALL, numbered_anew_each_day),
    ("one_token", SMALL, change_events(lambda event: event | {"subject": "k1_" + "A" * 43}, FILING_TYPE, ACTION_TYPE)),
    ("many_key_ids", SMALL, change_events(own_key_id, FILING_TYPE, ACTION_TYPE)),
    ("sent_twice", SMALL, lambda events: [*events, *events]),
    ("one_number_of_items", SMALL, change_events(with_data(items=1_000_000), FILING_TYPE)),
    ("one_label", LARGE, change_events(with_data(harm="csam", reporter="hotline", channel="api", basis="terms", severity="high", trusted_flagger=True, jurisdictions=["DE"]), FILING_TYPE)),
    ("one_outcome", SMALL, change_events(lambda event: event | {"data": {"outcome": "no_violation"}}, ACTION_TYPE)),
    ("tests", SMALL, change_events(with_data(test=True), FILING_TYPE)),
    ("trusted_persons", SMALL, change_events(with_data(trusted_flagger=True), FILING_TYPE)),
]  # fmt: skip
LARGE_FILE_MISTAKES: Final = {"skipped_hour_empty", "bad_times_at_change"}
"""Mistakes that only a large platform's file shows: what happens in one hour of the night must be many."""

OFFSET_MISTAKES: Final = {"late_by_an_offset", "ahead_by_an_offset", "acted_before_filed", "acted_after_an_offset"}


def rotated_cases(*cases: Iterable[object]) -> list[ParameterSet]:
    """Return every combination of the cases; one in four is for `make test`, the platforms taking turns."""
    every = list(product(*cases, PROMPT_PLATFORMS))
    return [
        pytest.param(*case, marks=() if number % 4 == number // 4 % 4 else pytest.mark.slow)
        for number, case in enumerate(every)
    ]
