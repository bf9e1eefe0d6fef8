"""The board itself: what was read, and what is shown of it."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from dashboards.board.counted import counted, readings
from dashboards.board.figured import Figured
from dashboards.board.freshness import Freshness, freshness
from dashboards.board.grounds import Release, inputs, lasting
from dashboards.board.judged import Judged, wanted
from dashboards.board.pool import first_day, merged, week_of
from dashboards.board.snapshot import Snapshot, joined
from dashboards.board.sums import Sums
from dashboards.board.tripped import days_of, tripped
from dashboards.board.values import Series, Values
from streams.contract.document import document, group, of_history
from streams.contract.metric import CLOCKS, RECENT, WEEKS
from streams.contract.registry import DEFAULT_CADENCE_MS, Registry
from streams.contract.watched import Watched, watched
from streams.domain.counters import WAITING
from streams.domain.desk import seen_through
from streams.domain.figures import Grouping, Sample, grouping, samples
from streams.domain.grid import DAY, SECOND
from streams.domain.rules import CAPACITY

_FOLDED_AT_ONCE: Final = 500
_WITH_FIGURES: Final = frozenset({"safeclock_as_of_timestamp_seconds", "safeclock_partition_records_lost_total"})
"""What inputs say that is shown beside figures only."""
_NOT_EVERYWHERE: Final = "the platform has not said on every partition up to when it is complete"


class NotReadyError(Exception):
    """Figures were asked for before every partition was read to its end; the message is why."""


class Board:
    """Takes measures and shows them; `wall` reads the wall clock in epoch milliseconds.

    `snapshot` is what a scrape reads. Counters in it are renewed by `count`, everything else by `compute`, which
    takes longer; nothing of a product is in it before both have been done on complete inputs.
    """

    def __init__(self, registry: Registry, release: Release, wall: Callable[[], int]) -> None:
        self.sums = Sums(days_of(registry, release.rulebook.clocks), wall)
        self.snapshot = Snapshot()
        self._registry = registry
        self._release = release
        self._wall = wall
        self._figured: dict[str, Figured] = {}
        self._judged: dict[str, Judged] = {}
        self._watched: tuple[frozenset[str], tuple[Watched, ...]] | None = None
        self._computed: Values = {}

    def freshness(self, read: Collection[int]) -> Freshness:
        """Return what the inputs are like now, of which the partitions `read` were read to their ends."""
        return freshness(self.sums.statuses, read, self._wall(), self._release.pack, self.sums.heard)

    @property
    def platforms(self) -> list[str]:
        """The platforms of the registry; with an open one, those that were told of."""
        if not self._registry.accepts_all:
            return sorted(self._registry.platforms)
        return sorted(name for name in self.sums.counts.platforms() if self._registry.platform(name) is not None)

    @property
    def clocks(self) -> tuple[Watched, ...]:
        """The clocks that are told: those of the rulebook, and those that any partition has ever loaded."""
        # A clock never changes under its key.
        if self._watched is None or self._watched[0] != self.sums.clocks.keys():
            self._watched = frozenset(self.sums.clocks), watched(self._release.rulebook, self.sums.clocks.values())
        return self._watched[1]

    def through(self, platform: str, fresh: Freshness) -> int:
        """Return up to when a platform counts as having told everything: the inputs' time if it never gives its word.

        0 while it has given it on some partitions only.
        """
        as_of, counts = fresh.as_of or 0, self.sums.counts
        said = counts.complete_through(platform, fresh.expected or 0)
        if not said:
            return as_of if said is None else 0
        return min(as_of, seen_through(said, counts.last_told(platform) or 0, self._cadence(platform)))

    def _cadence(self, platform: str) -> int:
        known = self._registry.platform(platform)
        return DEFAULT_CADENCE_MS if known is None else known.cadence_ms

    def _capacity(self, platform: str) -> int:
        known = self._registry.platform(platform)
        return CAPACITY if known is None else known.capacity

    async def fold(self) -> None:
        """Fold what has changed, a few at a time, so that nobody waits for long."""
        while self.sums.unfolded:
            self.sums.fold(_FOLDED_AT_ONCE)
            await asyncio.sleep(0)

    async def compute(self, fresh: Freshness) -> None:
        """Compute gauges and cohort figures anew, with pauses for others; incomplete inputs change nothing."""
        if fresh.as_of is None:
            return
        await self.fold()
        clocks = self.clocks
        self.sums.hold(wanted(clocks, fresh.as_of))
        await asyncio.sleep(0)
        parts = [_calendar(fresh.as_of)]
        for platform in self.platforms:
            for values in self._values(platform, clocks, self.through(platform, fresh), fresh.as_of):
                parts.append(values)
                await asyncio.sleep(0)
            parts.append(self._tripped(platform, fresh))
            await asyncio.sleep(0)
        self._computed = joined(*parts)

    def _values(self, platform: str, clocks: Sequence[Watched], through: int, as_of: int) -> Iterator[Values]:
        """Yield the figures of a platform, a little at a time."""
        figured = self._figured.setdefault(platform, Figured(platform, self._cadence(platform)))
        yield from figured.values(self.sums.pools.get(platform, {}), clocks, through, as_of)
        judged = self._judged.setdefault(platform, Judged(platform))
        yield from judged.values(self.sums.spans.pool, clocks, through, as_of)

    def _tripped(self, platform: str, fresh: Freshness) -> Values:
        through = self.through(platform, fresh)
        promised = self.sums.counts.complete_through(platform, fresh.expected or 0) is not None
        return tripped(platform, self.sums.days.recent(platform, through, promised=promised)) if through else {}

    def count(self, fresh: Freshness, read_at: int | None) -> None:
        """Show a new snapshot: counters of now beside the figures that were last computed."""
        platforms, clocks = self.platforms, self.clocks
        grounds = joined(lasting(self._registry, platforms, self._release), inputs(fresh, read_at))
        if fresh.as_of is None or not self._computed:
            self.snapshot = Snapshot({name: series for name, series in grounds.items() if name not in _WITH_FIGURES})
            return
        totals = {name: self.sums.counts.total(name) for name in self.sums.counts.platforms()}
        self.snapshot = Snapshot(
            joined(counted(totals, platforms, clocks), self._told(totals, fresh), self._computed, grounds),
            readings(totals, platforms, [clock for clock in clocks if clock.id in CLOCKS]),
        )

    def _told(self, totals: Mapping[str, Mapping[str, int]], fresh: Freshness) -> Values:
        counts, platforms = self.sums.counts, self.platforms
        through = {name: counts.complete_through(name, fresh.expected or 0) for name in platforms}
        told = {name: counts.last_told(name) for name in platforms}
        return {
            "safeclock_orphans_waiting": {(name,): totals.get(name, {}).get(WAITING, 0) for name in platforms},
            "safeclock_capacity_used_ratio": {
                (name,): counts.remembered(name) / self._capacity(name) for name in platforms
            },
            "safeclock_complete_through_timestamp_seconds": {
                (name,): at / SECOND for name, at in through.items() if at
            },
            "safeclock_last_told_timestamp_seconds": {(name,): at / SECOND for name, at in told.items() if at},
        }

    def samples(
        self, name: Grouping, fresh: Freshness, platforms: Iterable[str] | None = None
    ) -> Mapping[tuple[str, ...], Sample]:
        """Return the reports by what `name` makes of their cohorts, of some platforms only if they are given."""
        self.sums.fold()
        wanted = None if platforms is None else frozenset(platforms)
        cohorts = self.sums.cohorts(wanted)
        return samples(cohorts, name, lambda platform: self.through(platform, fresh))

    def document(self, by: Sequence[str], fresh: Freshness) -> dict[str, object]:
        """Return the figures as `safeclock measure` writes them.

        Raises NotReadyError on incomplete inputs, UnknownLabelError for a label that reports do not have.
        """
        if fresh.as_of is None:
            raise NotReadyError("; ".join(fresh.reasons))
        clocks, groups = self.clocks, []
        name_of = grouping(by)
        found = self._by_platform(fresh) if tuple(by) == ("platform",) else self.samples(name_of, fresh)
        for name, sample in found.items():
            labels = dict(zip(by, name, strict=True))
            groups.append(group(labels, sample, clocks, fresh.as_of, self._remarks(labels, fresh)))
        totals = {name: self.sums.counts.total(name) for name in self.sums.counts.platforms()}
        return document(fresh.as_of, self._release.pack, groups, totals, self._registry.history())

    def _by_platform(self, fresh: Freshness) -> Mapping[tuple[str, ...], Sample]:
        """Return every platform's reports from its pools, which spares reading all cohorts once more."""
        self.sums.fold()
        found = {
            (platform,): merged([pool.sample(self.through(platform, fresh)) for pool in pools.values()])
            for platform, pools in sorted(self.sums.pools.items())
        }
        return {name: sample for name, sample in found.items() if sample.filed}

    def _remarks(self, labels: Mapping[str, str], fresh: Freshness) -> list[str]:
        platform = labels.get("platform")
        remarks = of_history(self._registry.history(), platform)
        return [*remarks, _NOT_EVERYWHERE] if platform is not None and not self.through(platform, fresh) else remarks


def _calendar(as_of: int) -> Values:
    """Return when the inputs end and where every cohort begins, by its age."""
    current = week_of(as_of // DAY)
    starts: Series = {(f"week-{age:02}",): first_day(current - age) * DAY / SECOND for age in range(WEEKS)}
    starts[RECENT,] = first_day(current - WEEKS + 1) * DAY / SECOND
    return {
        "safeclock_figures_timestamp_seconds": {(): as_of / SECOND},
        "safeclock_cohort_start_timestamp_seconds": starts,
    }
