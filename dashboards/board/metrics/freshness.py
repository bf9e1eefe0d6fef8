"""The metrics of what the figures rest on: who is registered, which rules are in force, how old the inputs are."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from dashboards.board.inputs.freshness import Freshness
from dashboards.board.samples import Series, Values
from streams.contract.packs.rulebook import Rule, Rulebook
from streams.contract.registry.registry import Registry
from streams.domain.grid import SECOND

_YES: Final = {True: "yes", False: "no"}


class Release(NamedTuple):
    """What runs: the version of the software, and the rulebook that the workers go by."""

    version: str
    rulebook: Rulebook

    @property
    def pack(self) -> str:
        """The name of the rulebook."""
        return self.rulebook.name


def lasting(registry: Registry, platforms: Sequence[str], release: Release) -> Values:
    """Return what does not change while a board runs."""
    registered = [platform for name in platforms if (platform := registry.platform(name)) is not None]
    return {
        "safeclock_cadence_seconds": {(one.id,): one.cadence_ms / SECOND for one in registered},
        "safeclock_platform_info": {(one.id, one.provider, "+".join(one.jurisdictions)): 1.0 for one in registered},
        "safeclock_history_info": {
            (one.id, *span.to_texts().values()): 1.0 for one in registered for span in one.history
        },
        "safeclock_pack_info": {(release.pack, release.rulebook.digest): 1.0},
        "safeclock_build_info": {(release.version,): 1.0},
        "safeclock_clock_info": {_words(rule): 1.0 for rule in release.rulebook.rules},
        "safeclock_registry_info": {(registry.hash,): 1.0},
    }


def _words(rule: Rule) -> tuple[str, ...]:
    """Return what stands in the labels of a clock, in the catalogue's order."""
    clock, reviewed = rule.clock, _YES[rule.legal_basis.is_reviewed]
    limit = "" if clock.limit is None else f"{clock.limit / SECOND:g}"
    return (clock.id, clock.version, rule.statistic, limit, reviewed, _YES[rule.period.of_calendar], rule.pack)


def inputs(fresh: Freshness, read_at: int | None) -> Values:
    """Return how old the inputs are; `read_at` is when all of them were last known to be read to their ends."""
    values: Values = {}
    if fresh.expected is not None:
        values["safeclock_partitions_expected"] = {(): fresh.expected}
        values["safeclock_partition_ready"] = _ready(fresh, fresh.expected)
    if read_at is not None:
        values["safeclock_input_timestamp_seconds"] = {(): read_at / SECOND}
    if fresh.as_of is not None:
        values["safeclock_as_of_timestamp_seconds"] = {(): fresh.as_of / SECOND}
        # Not before every partition is known: what an earlier status says would read as a counter that begins anew.
        values["safeclock_partition_records_lost_total"] = {(str(number),): lost for number, lost in fresh.lost.items()}
    return values


def _ready(fresh: Freshness, expected: int) -> Series:
    return {(str(partition),): float(partition in fresh.ready) for partition in range(expected)}
