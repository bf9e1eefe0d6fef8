"""The ledger under test: fed, crashed and restored, and read in the oracle's words."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from streams.contract.outputs.row_codec import MessagePackCodec
from streams.domain.clocks.definition import (
    FINAL_RESTRICTION_ACTIONS,
    PARTIAL_RESTRICTION_ACTIONS,
    AfterReopen,
    Clock,
    Scope,
)
from streams.domain.clocks.endings import COMPETING_ENDINGS, FROZEN, OPEN, STOPPED
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.cohorts.cohort import CohortKey, parse_key, stored_totals
from streams.domain.cohorts.profile import ReportProfile
from streams.domain.duration_bins import HOUR, MINUTE
from streams.domain.events import ActionKind, Event
from streams.domain.labels import DOWNGRADED
from streams.domain.ledger import counters
from streams.domain.ledger.config import LedgerConfig, PlatformConfig
from streams.domain.ledger.ledger import Ledger
from streams.domain.ledger.report_store import Reports
from streams.domain.ledger.report_updates import ReportUpdate
from streams.domain.reports.report_row import Entry, UnpackedReport
from streams.domain.vocabulary import Outcome, RefusalReason, Reversal
from tests.support.ledger.oracle import STANDARD_ORACLE_CLOCKS, Oracle, OracleClock, OracleCohort, OracleProfile
from tests.support.ledger.profiles import unpacked

CADENCES: Final = {"harbor": 5 * MINUTE, "lantern": 6 * HOUR}
_ENDING_WORDS: Final = {OPEN: "open", STOPPED: "stopped", FROZEN: "frozen"} | {
    number: outcome.value for outcome, number in COMPETING_ENDINGS.items()
}


CODEC: Final = MessagePackCodec()


def load_rows(ledger: Ledger, rows: Mapping[bytes, bytes]) -> None:
    """Load an empty ledger with rows as it gave them out."""
    reports: Reports = {key[2:]: row for key, row in rows.items() if key.startswith(b"r|")}
    ledger.restore(reports, {key: row for key, row in rows.items() if not key.startswith(b"r|")})


def action_kinds_of(word: str) -> frozenset[ActionKind]:
    """Return the deeds that the oracle calls `word`."""
    if word == "final":
        return frozenset(FINAL_RESTRICTION_ACTIONS)
    if word == "partial":
        return frozenset(PARTIAL_RESTRICTION_ACTIONS)
    if word == "reversed":
        return frozenset(ActionKind(Outcome.REVERSED, reversed_decision=of) for of in Reversal)
    return frozenset({ActionKind(Outcome(word))})


def clock_from_oracle(yardstick: OracleClock) -> Clock:
    """Return the clock that a yardstick describes."""

    def all_of(words: Iterable[str]) -> frozenset[ActionKind]:
        return frozenset().union(*(action_kinds_of(word) for word in words))

    return Clock(
        id=yardstick.name,
        version="1",
        stops=all_of(yardstick.stops),
        competes=all_of(yardstick.competes),
        starts=all_of(yardstick.starts),
        pauses=all_of(yardstick.pauses),
        resumes=all_of(yardstick.resumes),
        scope=Scope(harms=yardstick.harms),
        all_items=yardstick.all_items,
        after_reopen=AfterReopen.RESTART if yardstick.restarts_after_reopen else AfterReopen.KEEP,
        limit=yardstick.limit,
        validity=yardstick.windows,
    )


class LedgerHarness:
    """A ledger with the rows that its journal would hold."""

    def __init__(
        self,
        clocks: Sequence[Clock] = STANDARD_CLOCKS,
        belongs: Callable[[bytes], bool] = lambda _: True,
        *,
        quick: bool = True,
    ) -> None:
        self.config = LedgerConfig(
            clocks=tuple(clocks),
            platforms={name: PlatformConfig(cadence=cadence) for name, cadence in CADENCES.items()},
            with_updates=True,
        )
        self.rows: dict[bytes, bytes] = {}
        self.is_on_partition = belongs
        self.fast_path = quick
        self.ledger = Ledger(self.config, CODEC, belongs, with_fast_path=quick)
        self.ledger.start()
        self.last_logged_at = 0
        self.updates: list[ReportUpdate] = []

    def apply(self, events: Iterable[Event]) -> list[RefusalReason | None]:
        """Apply events one after the other."""
        events = list(events)
        self.last_logged_at = max([self.last_logged_at, *[event.logged_at for event in events]])
        return [self.ledger.apply(event) for event in events]

    def advance(self, now: int) -> None:
        """Move time to `now`."""
        self.ledger.advance(now)
        self.last_logged_at = max(self.last_logged_at, now)

    def commit(self) -> None:
        """Write down what changed, as a journal would."""
        changes = self.ledger.drain_changes()
        self.updates += self.ledger.drain_updates()
        for key, value in changes.items():
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value

    def restart(self, clocks: Sequence[Clock] | None = None) -> None:
        """Lose what was not committed and come back from the rows, with another pack if one is given."""
        if clocks is not None:
            self.config = self.config._replace(clocks=tuple(clocks))
        self.ledger = Ledger(self.config, CODEC, self.is_on_partition, with_fast_path=self.fast_path)
        load_rows(self.ledger, self.rows)
        self.ledger.start(self.last_logged_at)

    def in_memory_state(
        self,
    ) -> tuple[dict[bytes, tuple[int, list[Entry]]], dict[str, dict[bytes, int]], dict[str, dict[str, int]]]:
        """Return what is in memory: reports, cohorts and counters, without what is zero or empty."""
        cohorts, store = self.ledger.stored_cohorts(), self.ledger._store
        reports = {
            key: (found.row if isinstance(found, UnpackedReport) else CODEC.unpack_row(found))[:2]
            for key, found in store._reports.items()
        }
        return (
            reports,
            {name: filled for name, cohort in cohorts.items() if (filled := _without_zeros(cohort))},
            self.counters(),
        )

    def reloaded(self) -> "LedgerHarness":
        """Return another ledger that was loaded from what was committed of this one."""
        other = LedgerHarness(self.config.clocks, self.is_on_partition)
        other.config, other.rows, other.last_logged_at = self.config, dict(self.rows), self.last_logged_at
        other.restart()
        return other

    def cohorts(self) -> dict[OracleCohort, Counter[OracleProfile]]:
        """Return the cohorts in the oracle's words, empty ones left out."""
        found: dict[OracleCohort, Counter[OracleProfile]] = {}
        for key, stored in unpacked(self.ledger.stored_cohorts()).items():
            marks: Counter[OracleProfile] = Counter()
            for profile, count in stored.items():
                assert count > 0, "a cohort holds no profile without a report"
                marks[self._profile(profile)] += count
            if marks:
                found[_oracle_cohort(key)] = marks
        return found

    def _profile(self, profile: ReportProfile) -> OracleProfile:
        running = {clock.clock_hash: (_ENDING_WORDS[clock.ending], clock.value) for clock in profile.clocks}
        return OracleProfile(
            state=profile.state.value,
            entry_bin=profile.entry_bin,
            filed_minute=profile.filed_minute,
            clocks=tuple(running.get(clock.hash, ("absent", 0)) for clock in self.config.clocks),
        )

    def report_rows(self) -> dict[bytes, bytes]:
        """Return the committed rows of reports."""
        self.commit()
        return {key: value for key, value in self.rows.items() if key.startswith(b"r|")}

    def duration_totals(self) -> dict[OracleCohort, tuple[int, ...]]:
        """Return per cohort and clock the exact sum of the durations of its stops, where there is any."""
        sums = {
            _oracle_cohort(parse_key(name)): tuple(
                dict(stored_totals(stored)).get(clock.hash, 0) for clock in self.config.clocks
            )
            for name, stored in self.ledger.stored_cohorts().items()
        }
        return {cohort: found for cohort, found in sums.items() if any(found)}

    def downgraded(self) -> Counter[OracleCohort]:
        """Return per cohort how many of its reports were made to look less grave."""
        stored = self.ledger.stored_cohorts()
        return +Counter({_oracle_cohort(parse_key(name)): cohort.get(DOWNGRADED, 0) for name, cohort in stored.items()})

    def read_rows(self) -> dict[bytes, object]:
        """Return all committed rows, unpacked, so that the order within a row does not matter."""
        self.commit()
        unpack = {
            b"r": CODEC.unpack_row,
            b"c": CODEC.unpack_cohort,
            b"n": CODEC.unpack_counters,
            b"k": CODEC.unpack_clock,
        }
        return {key: unpack[key[:1]](value) for key, value in self.rows.items()}

    def counters(self) -> dict[str, dict[str, int]]:
        """Return the counters of every platform; what is zero is left out."""
        return {
            platform: {name: value for name, value in names.items() if value}
            for platform, names in self.ledger.counters().items()
        }

    def waiting_orphans(self) -> Counter[str]:
        """Return per platform how many reports wait for their filing."""
        return +Counter({name: tally.get(counters.ORPHANS, 0) for name, tally in self.ledger.counters().items()})

    def net_counters(self) -> dict[str, Counter[str]]:
        """Return counted minus corrected for filings, stops and deadline outcomes; zeros are left out."""
        return {
            platform: _net_counters(names) for platform, names in self.ledger.counters().items() if _net_counters(names)
        }


def _without_zeros(cohort: Mapping[bytes, int]) -> dict[bytes, int]:
    return {name: count for name, count in cohort.items() if count}


def _net_counters(names: Mapping[str, int]) -> Counter[str]:
    left: Counter[str] = Counter()
    left[counters.FILED] = names.get(counters.FILED, 0) - names.get(counters.UNFILED, 0)
    for name, value in names.items():
        if name.startswith(("stopped|", "stopped_ms|", "paused_ms|", "deadline|")):
            left[name] = value - names.get(counters.corrected(name), 0)
    return Counter({name: value for name, value in left.items() if value})


def _oracle_cohort(key: CohortKey) -> OracleCohort:
    return OracleCohort(key.platform, key.day, key.encoded_labels)


def oracle_with_clocks(yardsticks: Sequence[OracleClock] = STANDARD_ORACLE_CLOCKS) -> Oracle:
    """Return the oracle that judges by the same platforms."""
    return Oracle(tuple(yardsticks), dict(CADENCES))


def expected_net_counters(
    oracle: Oracle, clocks: Sequence[Clock], events: Sequence[Event], now: int
) -> dict[str, Counter[str]]:
    """Return what the oracle expects of `LedgerHarness.net_counters` after an advance to `now`."""
    net: dict[str, Counter[str]] = {}
    keys = {yardstick.name: clock.key for yardstick, clock in zip(oracle.clocks, clocks, strict=True)}
    for platform, states in oracle.states(events, now).items():
        net.setdefault(platform, Counter())[counters.FILED] = states.total()
    for (platform, clock), durations in oracle.stop_durations(events).items():
        net[platform][counters.stopped_ms(keys[clock])] = sum(durations)
        for duration in durations:
            net[platform][counters.stopped(keys[clock], duration)] += 1
    for (platform, clock), total in oracle.paused_durations(events).items():
        net[platform][counters.paused_ms(keys[clock])] = total
    for deadline in oracle.deadline_outcomes(events, now):
        platform = deadline.key.split(b"|")[0].decode()
        net[platform][f"deadline|{keys[deadline.clock]}|{deadline.outcome}|{deadline.timing}"] += 1
    return {platform: Counter({name: n for name, n in found.items() if n}) for platform, found in net.items()}
