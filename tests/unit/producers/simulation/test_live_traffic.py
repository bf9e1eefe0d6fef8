"""After its history a simulated world goes on, as fast as somebody paces it."""

from itertools import islice

import pytest

from producers.simulation.model.config import LiveRate, SimulationConfig
from producers.simulation.published_events import PublishedEvent, encode_line
from producers.simulation.traffic import (
    ReplaySchedule,
    history_then_live,
    live_traffic,
    schedule_events,
    simulate_history,
)
from streams.contract.events.schema.envelope import ActionTakenEvent, HeartbeatEvent, ReportFiledEvent
from streams.domain.duration_bins import HOUR, MINUTE, SECOND

PLAN = SimulationConfig(seed=7, weeks=1, reports=600, live_rate=LiveRate(rate_factor=500.0))


def test_live_traffic_continues_where_history_stops() -> None:
    past = list(simulate_history(PLAN))

    everything = list(islice(history_then_live(PLAN), len(past) + 300))

    assert [encode_line(published) for published in everything[: len(past)]] == [
        encode_line(published) for published in past
    ]
    assert [encode_line(published) for published in everything[len(past) :]] == [
        encode_line(published) for published in islice(live_traffic(PLAN), 300)
    ]


def test_live_traffic_answers_reports_of_the_history() -> None:
    plan = PLAN._replace(reports=6_000, live_rate=LiveRate(heartbeat_ms=HOUR))
    filed = {
        published.event.subject for published in simulate_history(plan) if isinstance(published.event, ReportFiledEvent)
    }

    late = [
        published
        for published in _until(plan, plan.end_ms + 3 * HOUR)
        if getattr(published.event, "subject", "") in filed
    ]

    assert late
    assert all(isinstance(published.event, ActionTakenEvent) for published in late[:10])


def test_live_traffic_is_published_in_order() -> None:
    instants = [published.logged_at_ms for published in islice(live_traffic(PLAN), 4_000)]

    assert instants == sorted(instants)
    assert instants[0] < PLAN.end_ms + MINUTE


def test_a_surge_brings_more_reports_from_the_end_of_the_history_on() -> None:
    def filed_within(plan: SimulationConfig, span_ms: int) -> int:
        return sum(isinstance(published.event, ReportFiledEvent) for published in _until(plan, plan.end_ms + span_ms))

    calm, busy = (filed_within(PLAN._replace(live_rate=LiveRate(busier)), HOUR) for busier in (1.0, 500.0))

    assert busy > 20 * max(calm, 1)


def _until(plan: SimulationConfig, at_ms: int) -> list[PublishedEvent]:
    events: list[PublishedEvent] = []
    for published in live_traffic(plan):
        if published.logged_at_ms >= at_ms:
            return events
        events.append(published)
    raise AssertionError("live traffic has no end")


def test_a_plan_can_ask_for_so_many_live_reports_a_second() -> None:
    plan = PLAN.with_live_traffic(reports_per_second=2.0)

    filed = {
        published.event.subject
        for published in _until(plan, plan.end_ms + 10 * MINUTE)
        if isinstance(published.event, ReportFiledEvent)
    }

    # 1,200 on average: midnight is quieter, saffron has fallen silent, juniper tells when it closes.
    assert 400 < len(filed) < 1_200


def test_live_heartbeats_follow_each_other_quickly_and_keep_their_numbers() -> None:
    last = [
        published
        for published in simulate_history(PLAN)
        if published.platform == "meadow" and isinstance(published.event, HeartbeatEvent)
    ][-1]

    beats = [
        published
        for published in _until(PLAN, PLAN.end_ms + MINUTE)
        if published.platform == "meadow"
        and published.role is last.role
        and isinstance(published.event, HeartbeatEvent)
    ]

    assert isinstance(last.event, HeartbeatEvent)
    first = last.event.data.sequence + 1
    assert [
        published.event.data.sequence for published in beats if isinstance(published.event, HeartbeatEvent)
    ] == list(range(first, first + 6))
    assert [published.logged_at_ms - last.logged_at_ms for published in beats] == [
        10 * SECOND * (place + 1) for place in range(6)
    ]


def test_a_pace_maps_event_times_to_send_times() -> None:
    pace = ReplaySchedule(logged_from_ms=1_000, sent_from_ms=50_000, speed=2.0)

    assert [pace.send_at(published) for published in (0, 1_000, 3_000)] == [50_000, 50_000, 51_000]


def test_a_paced_event_keeps_its_place() -> None:
    events = list(islice(live_traffic(PLAN), 50))

    schedule = list(schedule_events(events, ReplaySchedule(PLAN.end_ms, 0)))

    assert [published for _, published in schedule] == events
    assert [send for send, _ in schedule] == [published.logged_at_ms - PLAN.end_ms for published in events]


def test_a_pace_that_does_not_move_is_refused() -> None:
    with pytest.raises(ValueError, match="speed: expected a positive number"):
        list(schedule_events([], ReplaySchedule(0, 0, speed=0.0)))
