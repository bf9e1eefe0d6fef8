"""Computes the metrics about the inputs: registered platforms, loaded rules, and the age of the inputs."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from dashboards.board.inputs.freshness import Freshness
from dashboards.board.samples import LabelledValues, Samples
from streams.contract.declarations.declaration import Declaration
from streams.contract.packs.rulebook import Rule, Rulebook
from streams.contract.registry.registry import Registry
from streams.domain.duration_bins import SECOND

_YES_NO: Final = {True: "yes", False: "no"}


class Release(NamedTuple):
    """The version of the software, and the rulebook and declarations that workers and board use."""

    version: str
    rulebook: Rulebook
    declarations: tuple[Declaration, ...] = ()

    @property
    def pack_name(self) -> str:
        """The name of the rulebook."""
        return self.rulebook.name


def info_samples(registry: Registry, platforms: Sequence[str], release: Release) -> Samples:
    """Return the samples that do not change while a board runs."""
    registered = [platform for name in platforms if (platform := registry.platform(name)) is not None]
    return {
        "safeclock_cadence_seconds": {
            (platform_entry.id,): platform_entry.cadence_ms / SECOND for platform_entry in registered
        },
        "safeclock_platform_info": {
            (platform_entry.id, platform_entry.provider, "+".join(platform_entry.jurisdictions)): 1.0
            for platform_entry in registered
        },
        "safeclock_history_info": {
            (platform_entry.id, *span.to_texts().values()): 1.0
            for platform_entry in registered
            for span in platform_entry.history
        },
        "safeclock_pack_info": {(release.pack_name, release.rulebook.digest): 1.0},
        "safeclock_build_info": {(release.version,): 1.0},
        "safeclock_clock_info": {_clock_info_labels(rule): 1.0 for rule in release.rulebook.rules},
        "safeclock_registry_info": {(registry.hash,): 1.0},
    }


def _clock_info_labels(rule: Rule) -> tuple[str, ...]:
    """Return the label values of `safeclock_clock_info` for a rule, in the catalogue's order."""
    clock, reviewed = rule.clock, _YES_NO[rule.legal_basis.is_reviewed]
    limit = "" if clock.limit is None else f"{clock.limit / SECOND:g}"
    return (clock.id, clock.version, rule.statistic, limit, reviewed, _YES_NO[rule.period.is_calendar], rule.pack)


def input_samples(fresh: Freshness, caught_up_at: int | None) -> Samples:
    """Return the age of the inputs; `caught_up_at` is when all partitions were last known to be read to their ends."""
    values: Samples = {}
    if fresh.partition_count is not None:
        values["safeclock_partitions_expected"] = {(): fresh.partition_count}
        values["safeclock_partition_ready"] = _ready_values(fresh, fresh.partition_count)
    if caught_up_at is not None:
        values["safeclock_input_timestamp_seconds"] = {(): caught_up_at / SECOND}
    if fresh.as_of is not None:
        values["safeclock_as_of_timestamp_seconds"] = {(): fresh.as_of / SECOND}
        # An older status may hold a smaller value, which Prometheus would read as a counter reset. So the counter
        # is exported only when every partition is known.
        values["safeclock_partition_records_lost_total"] = {
            (str(number),): lost for number, lost in fresh.lost_records.items()
        }
    return values


def _ready_values(fresh: Freshness, partition_count: int) -> LabelledValues:
    return {(str(partition),): float(partition in fresh.ready_partitions) for partition in range(partition_count)}
