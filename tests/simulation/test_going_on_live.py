"""After its history a simulated world goes on, as fast as somebody paces it."""

from itertools import islice

import pytest

from producers.simulation.model.config import Plan, Surge
from producers.simulation.published_events import Told, line
from producers.simulation.traffic import Pace, endless, live, paced, simulate
from streams.contract.events.schema.envelope import ActionTakenEvent, HeartbeatEvent, ReportFiledEvent
from streams.domain.grid import HOUR, MINUTE, SECOND

PLAN = Plan(seed=7, weeks=1, reports=600, surge=Surge(busier=500.0))


def test_live_traffic_goes_on_where_history_stops() -> None:
    past = list(simulate(PLAN))

    everything = list(islice(endless(PLAN), len(past) + 300))

    assert [line(told) for told in everything[: len(past)]] == [line(told) for told in past]
    assert [line(told) for told in everything[len(past) :]] == [line(told) for told in islice(live(PLAN), 300)]


def test_live_traffic_answers_reports_of_the_history() -> None:
    plan = PLAN._replace(reports=6_000, surge=Surge(heartbeat_ms=HOUR))
    filed = {told.event.subject for told in simulate(plan) if isinstance(told.event, ReportFiledEvent)}

    late = [told for told in _until(plan, plan.end_ms + 3 * HOUR) if getattr(told.event, "subject", "") in filed]

    assert late
    assert all(isinstance(told.event, ActionTakenEvent) for told in late[:10])


def test_live_traffic_is_told_in_order() -> None:
    instants = [told.at_ms for told in islice(live(PLAN), 4_000)]

    assert instants == sorted(instants)
    assert instants[0] < PLAN.end_ms + MINUTE


def test_a_surge_brings_more_reports_from_the_end_of_the_history_on() -> None:
    def filed_within(plan: Plan, span_ms: int) -> int:
        return sum(isinstance(told.event, ReportFiledEvent) for told in _until(plan, plan.end_ms + span_ms))

    calm, busy = (filed_within(PLAN._replace(surge=Surge(busier)), HOUR) for busier in (1.0, 500.0))

    assert busy > 20 * max(calm, 1)


def _until(plan: Plan, at_ms: int) -> list[Told]:
    events: list[Told] = []
    for told in live(plan):
        if told.at_ms >= at_ms:
            return events
        events.append(told)
    raise AssertionError("live traffic has no end")


def test_a_plan_can_ask_for_so_many_live_reports_a_second() -> None:
    plan = PLAN.going_live(reports_per_second=2.0)

    filed = {
        told.event.subject
        for told in _until(plan, plan.end_ms + 10 * MINUTE)
        if isinstance(told.event, ReportFiledEvent)
    }

    # 1,200 on average: midnight is quieter, saffron has fallen silent, juniper tells when it closes.
    assert 400 < len(filed) < 1_200


def test_live_heartbeats_follow_each_other_quickly_and_keep_their_numbers() -> None:
    last = [told for told in simulate(PLAN) if told.platform == "meadow" and isinstance(told.event, HeartbeatEvent)][-1]

    beats = [
        told
        for told in _until(PLAN, PLAN.end_ms + MINUTE)
        if told.platform == "meadow" and told.topic is last.topic and isinstance(told.event, HeartbeatEvent)
    ]

    assert isinstance(last.event, HeartbeatEvent)
    first = last.event.data.sequence + 1
    assert [told.event.data.sequence for told in beats if isinstance(told.event, HeartbeatEvent)] == list(
        range(first, first + 6)
    )
    assert [told.at_ms - last.at_ms for told in beats] == [10 * SECOND * (place + 1) for place in range(6)]


def test_a_pace_maps_event_times_to_send_times() -> None:
    pace = Pace(told_ms=1_000, sent_ms=50_000, speed=2.0)

    assert [pace.send_at(told) for told in (0, 1_000, 3_000)] == [50_000, 50_000, 51_000]


def test_a_paced_event_keeps_its_place() -> None:
    events = list(islice(live(PLAN), 50))

    schedule = list(paced(events, Pace(PLAN.end_ms, 0)))

    assert [told for _, told in schedule] == events
    assert [send for send, _ in schedule] == [told.at_ms - PLAN.end_ms for told in events]


def test_a_pace_that_stands_still_is_refused() -> None:
    with pytest.raises(ValueError, match="speed: expected a positive number"):
        list(paced([], Pace(0, 0, speed=0.0)))
