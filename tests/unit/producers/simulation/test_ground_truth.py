"""What is planted can be seen, and the key says what the events say."""

from collections.abc import Iterable
from typing import Any

import pytest

from producers.simulation.model.config import SimulationConfig
from producers.simulation.model.steps import is_final_restriction
from producers.simulation.published_events import PublishedEvent
from streams.contract.events.schema.envelope import ActionTakenEvent, HeartbeatEvent, ReportFiledEvent
from streams.contract.timestamps import parse_timestamp
from streams.domain.duration_bins import DAY, HOUR, MINUTE, SECOND

ENDINGS = "restricted account_restricted no_violation already_restricted unavailable out_of_scope invalidated withdrawn expired"


def events_of(history: Iterable[PublishedEvent], platform: str) -> list[PublishedEvent]:
    return [published for published in history if published.platform == platform]


def filings_by_token(events: Iterable[PublishedEvent]) -> dict[str, PublishedEvent]:
    """Return each report's first telling."""
    first: dict[str, PublishedEvent] = {}
    for published in events:
        if isinstance(published.event, ReportFiledEvent):
            first.setdefault(published.event.subject, published)
    return first


def actions_by_token(events: Iterable[PublishedEvent]) -> dict[str, int]:
    """Return when each report's item was first finally restricted."""
    first: dict[str, int] = {}
    for published in events:
        if isinstance(published.event, ActionTakenEvent) and is_final_restriction(published.event.data):
            at = parse_timestamp(published.event.time)
            first[published.event.subject] = min(at, first.get(published.event.subject, at))
    return first


def test_a_platform_that_falls_silent_says_nothing_more(
    history: list[PublishedEvent], ground_truth: dict[str, Any]
) -> None:
    since = parse_timestamp(ground_truth["platforms"]["saffron"]["since"])

    published = [published.logged_at_ms for published in events_of(history, "saffron")]

    assert since - DAY < max(published) < since
    assert ground_truth["platforms"]["saffron"]["filed"] > ground_truth["platforms"]["saffron"]["published"]


def test_a_report_published_on_closing_is_logged_when_it_has_ended(history: list[PublishedEvent]) -> None:
    events = events_of(history, "juniper")
    endings = {
        published.event.subject: published
        for published in reversed(events)
        if isinstance(published.event, ActionTakenEvent)
        and published.event.data.__struct_config__.tag in ENDINGS.split()
    }

    reports = {token: published for token, published in filings_by_token(events).items() if token in endings}
    early = [
        token
        for token, published in reports.items()
        if published.logged_at_ms < parse_timestamp(endings[token].event.time) and not _is_wrong_token(token, events)
    ]

    assert len(reports) > 500
    assert early == []


def _is_wrong_token(token: str, events: Iterable[PublishedEvent]) -> bool:
    return any(
        getattr(published.event, "subject", "") == token and hasattr(published.event.data, "retracts")
        for published in events
    )


def test_what_is_never_closed_is_never_published_on_closing(
    history: list[PublishedEvent], ground_truth: dict[str, Any]
) -> None:
    juniper = ground_truth["platforms"]["juniper"]

    assert juniper["filed"] - juniper["published"] > 0.2 * juniper["filed"]
    assert juniper["published_unanswered"] == 0
    assert len(filings_by_token(events_of(history, "juniper"))) == pytest.approx(juniper["published"], abs=10)


def test_a_nightly_batch_tells_a_day_within_a_day(plan: SimulationConfig, history: list[PublishedEvent]) -> None:
    first: dict[str, PublishedEvent] = {}
    for published in events_of(history, "quartz"):
        if not isinstance(published.event, HeartbeatEvent):
            first.setdefault(published.event.id, published)

    clock = {published.logged_at_ms % DAY for published in first.values()}
    delays = {published.logged_at_ms - parse_timestamp(published.event.time) for published in first.values()}

    assert 2 * HOUR <= min(clock) <= max(clock) < 2 * HOUR + 10 * MINUTE
    assert 0 < min(delays) < max(delays) <= DAY
    assert len({published.logged_at_ms // DAY for published in first.values()}) >= plan.weeks * 7 - 1


def test_a_heartbeat_vouches_for_everything_before_it(history: list[PublishedEvent]) -> None:
    through = dict.fromkeys((published.platform for published in history), 0)
    seen: set[tuple[str, str]] = set()
    broken = []

    for published in history:
        if isinstance(published.event, HeartbeatEvent):
            through[published.platform] = parse_timestamp(published.event.data.complete_through)
        elif (published.platform, published.event.id) not in seen and published.platform != "juniper":
            seen.add((published.platform, published.event.id))
            if parse_timestamp(published.event.time) <= through[published.platform]:
                broken.append(published)

    assert broken == []


def test_heartbeats_are_numbered_without_a_gap_on_both_topics(
    plan: SimulationConfig, history: list[PublishedEvent]
) -> None:
    numbers: dict[tuple[str, str], list[int]] = {}
    for published in history:
        if isinstance(published.event, HeartbeatEvent):
            numbers.setdefault((published.platform, published.role), []).append(published.event.data.sequence)

    assert len(numbers) == 16
    assert all(one == list(range(one[0], one[0] + len(one))) for one in numbers.values())
    assert history[-1].logged_at_ms == plan.end_ms - SECOND


def test_the_key_is_what_the_events_of_a_steady_platform_say(
    plan: SimulationConfig, history: list[PublishedEvent], ground_truth: dict[str, Any]
) -> None:
    events = events_of(history, "meadow")
    ripe = {
        token: published
        for token, published in filings_by_token(events).items()
        if parse_timestamp(published.event.time) < plan.end_ms - 2 * DAY
    }
    stops = actions_by_token(events)

    quick = sum(
        stops.get(token, plan.end_ms) - parse_timestamp(published.event.time) <= DAY
        for token, published in ripe.items()
    )

    planted = ground_truth["platforms"]["meadow"]
    assert quick / len(ripe) == pytest.approx(planted["clocks"]["time_to_action"]["share_within_24h"], abs=0.01)
    assert len(filings_by_token(events)) == pytest.approx(planted["filed"], rel=0.005)


def test_ranks_differ_between_the_published_median_and_the_share_of_all_reports(ground_truth: dict[str, Any]) -> None:
    ranks = ground_truth["ranks"]["time_to_action"]

    assert ranks["closed_only_median"]["harbor"] == 1
    assert ranks["share_within_24h"]["harbor"] == 8
    assert ranks["share_within_24h"]["meadow"] == 1


def test_acknowledging_everything_answers_little(ground_truth: dict[str, Any]) -> None:
    harbor = ground_truth["platforms"]["harbor"]

    assert harbor["clocks"]["time_to_acknowledge"]["share_within_24h"] > 0.98
    assert harbor["clocks"]["time_to_action"]["share_within_24h"] < 0.12
    assert harbor["clocks"]["time_to_decision"]["median_seconds"] is None
    assert harbor["unanswered"] > 0.8 * harbor["filed"]


def test_rejecting_everything_is_a_fast_decision_and_no_action(ground_truth: dict[str, Any]) -> None:
    pebble = ground_truth["platforms"]["pebble"]["clocks"]

    assert pebble["time_to_decision"]["median_seconds"] < 60
    assert pebble["time_to_action"]["share_within_24h"] < 0.25


@pytest.mark.parametrize(("platform", "sign"), [("lantern", 1), ("cobalt", -1)])
def test_a_change_shows_from_its_date_on(ground_truth: dict[str, Any], platform: str, sign: int) -> None:
    sides = [ground_truth["platforms"][platform][side]["clocks"] for side in ("before", "after")]

    shares = [side["time_to_action"]["share_within_24h"] for side in sides]
    medians = [side["time_to_decision"]["median_seconds"] for side in sides]

    assert sign * (shares[1] - shares[0]) > 0.02
    assert (medians[0] / medians[1]) ** sign > 5


def test_a_steady_platform_stays_as_it_is(ground_truth: dict[str, Any]) -> None:
    weeks = ground_truth["platforms"]["meadow"]["weeks"]

    shares = [week["share_within_24h"]["time_to_action"] for week in weeks if week["filed"] > 50]

    assert len(shares) >= 13
    assert max(shares) - min(shares) < 0.25
