"""Simulates when each platform publishes events: at once, when a report closes, in nightly batches, or never."""

from collections.abc import Iterator
from typing import Final

from producers.simulation.model.arrivals import TimeSlice, simulate_arrivals
from producers.simulation.model.config import SimulationConfig
from producers.simulation.model.platform_models import KnownEffect, PlatformModel
from producers.simulation.model.report_model import SimulatedReport
from producers.simulation.model.seeded_random import SeededRandom
from producers.simulation.published_events import PublishedEvent
from streams.contract.events.schema import envelope
from streams.contract.events.schema.event_data import HeartbeatData
from streams.contract.registry.registry import Role
from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import DAY, HOUR, MINUTE, SECOND

NIGHTLY_CUTOFF: Final = 2 * HOUR
_BATCH_DURATION: Final = 5 * MINUTE
_MIN_PUBLISH_DELAY: Final = SECOND // 2
_PUBLISH_JITTER: Final = 16 * SECOND

NIGHTLY_BATCH_DELAY: Final = 2 * _BATCH_DURATION
"""How long after the cutoff the nightly batch is published and its heartbeat is sent."""

MAX_PUBLISH_DELAY: Final = 30 * SECOND
"""A platform that publishes at once needs at most this long, so a heartbeat declares everything before this delay."""

# A redelivery after a lost acknowledgement; share and delay are ours ("re-sent files" in the recipe).
_RESENT_SHARE: Final = 0.003
_RESENT_DELAY: Final = 5 * MINUTE


def stops_publishing_at(config: SimulationConfig, platform: PlatformModel) -> int | None:
    """Return when the platform stops publishing, in epoch milliseconds; None for never."""
    change = platform.change
    return None if change is None or change.responses is not None else config.change_date(change.after_share)


def _nightly_published_at(occurred_at: int) -> int:
    """Return when the nightly batch publishes an event; a batch holds the events before 02:00 (UTC).

    A batch takes a few minutes, oldest event first, so that each event is published at most a day after it occurred.
    """
    waited = (occurred_at - NIGHTLY_CUTOFF) % DAY
    return occurred_at - waited + DAY + waited * _BATCH_DURATION // DAY


def simulate_publication(
    config: SimulationConfig, platform: PlatformModel, time_slice: TimeSlice
) -> Iterator[tuple[SimulatedReport, list[tuple[int, int]]]]:
    """Yield the reports filed in `time_slice`, each with its publications: pairs of log time and step index."""
    # Publication has its own random draws, so that it does not change what happens to reports.
    rng = SeededRandom(config.seed, platform.id, "told", time_slice.begin_ms)
    stops_at = stops_publishing_at(config, platform)
    for report in simulate_arrivals(config, platform, time_slice):
        yield report, list(_publication_times(rng, platform, stops_at, report))


def _publication_times(
    rng: SeededRandom, platform: PlatformModel, stops_at: int | None, report: SimulatedReport
) -> Iterator[tuple[int, int]]:
    for step_index, step in enumerate(report.steps):
        published_at = _published_at(rng, platform, report, step.occurred_at)
        if published_at is None or (stops_at is not None and published_at >= stops_at):
            if step_index == 0:  # The platform publishes nothing about a report whose filing it did not publish.
                return
            continue
        yield published_at, step_index
        if rng.draw_bool(_RESENT_SHARE):
            resent_at = published_at + int(rng.draw_log_normal(_RESENT_DELAY, 1.0))
            if stops_at is None or resent_at < stops_at:
                yield resent_at, step_index


def _published_at(rng: SeededRandom, platform: PlatformModel, report: SimulatedReport, occurred_at: int) -> int | None:
    """Return when the platform publishes an event of `report` that occurred at `occurred_at`, None for never."""
    if platform.effect is KnownEffect.NIGHTLY_BATCHES:
        return _nightly_published_at(occurred_at)
    if platform.effect is KnownEffect.PUBLISHES_ON_CLOSE:
        if report.ended_at is None:
            return None
        occurred_at = max(occurred_at, report.ended_at)
    return occurred_at + _MIN_PUBLISH_DELAY + int(rng.uniform() * _PUBLISH_JITTER)


def simulate_heartbeats(
    config: SimulationConfig, platform: PlatformModel, time_slice: TimeSlice
) -> Iterator[PublishedEvent]:
    """Yield the heartbeats that a platform sends in `time_slice`, once per topic."""
    stops_at = stops_publishing_at(config, platform)
    for sequence, at, complete_through in _heartbeat_times(config, platform, time_slice):
        if stops_at is not None and at >= stops_at:
            return
        data = HeartbeatData(complete_through=format_timestamp(complete_through), sequence=sequence)
        for role in Role:
            event = envelope.heartbeat_event(
                data, platform=platform.id, id=f"beat-{role[:6]}-{sequence:08d}", occurred_at=at
            )
            yield PublishedEvent(at, role, platform.id, event)


def _heartbeat_times(
    config: SimulationConfig, platform: PlatformModel, time_slice: TimeSlice
) -> Iterator[tuple[int, int, int]]:
    """Yield sequence, instant and `complete_through` of each heartbeat in `time_slice`."""
    if platform.effect is KnownEffect.NIGHTLY_BATCHES:
        night = time_slice.begin_ms // DAY * DAY + NIGHTLY_CUTOFF
        if time_slice.begin_ms <= night + NIGHTLY_BATCH_DELAY < time_slice.end_ms:
            yield (night + NIGHTLY_BATCH_DELAY - config.start_ms) // DAY, night + NIGHTLY_BATCH_DELAY, night - 1
        return
    history = max(platform.cadence_ms, config.heartbeat_ms)
    # Heartbeats are counted back from the end, so that the history ends with a heartbeat at any interval.
    last = config.end_ms - SECOND
    before = (last - config.start_ms) // history
    interval, number = (
        (history, before) if time_slice.begin_ms < config.end_ms else (config.live_rate.heartbeat_ms, before)
    )
    first = -(-(time_slice.begin_ms - last) // interval)
    for index in range(first, -(-(time_slice.end_ms - last) // interval)):
        at = last + index * interval
        yield number + index, at, at - MAX_PUBLISH_DELAY
