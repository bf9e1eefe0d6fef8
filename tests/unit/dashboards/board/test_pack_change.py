"""A pack that changes while reports wait, as a board sees it: what was counted stays."""

import asyncio
from collections.abc import Iterator, Mapping

from dashboards.board.board import Board
from dashboards.board.metrics.freshness import Release
from dashboards.board.snapshot import Snapshot
from streams.contract.outputs.measures import STATUS_KEY, PartitionStatus, encode_partition_status, is_measure_key
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.ledger_config import ledger_config
from streams.contract.packs.rulebook import STANDARD_RULES, LegalBasis, Rule, Rulebook
from streams.contract.registry.registry import Platform, Registry
from streams.domain.clocks.definition import Clock
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.cohorts.objectives import Period, Statistic
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.ledger.ledger import Ledger
from tests.support.builders import action, filing
from tests.support.ledger.harness import load_rows

START = 20_000 * DAY
HARBOR = Platform(id="harbor", provider="nobody", report_filed="report-filed", action_taken="action-taken")
REGISTRY = Registry({"harbor": HARBOR}, partitions=1)
REMOVAL = STANDARD_CLOCKS[2]._replace(id="removal", limit=HOUR)
CONTROL = STANDARD_CLOCKS[1]._replace(id="control", limit=HOUR)


def rulebook(*clocks: Clock) -> Rulebook:
    """Return the standard rules with some clocks."""
    rules = tuple(
        Rule(
            clock,
            clock.id,
            Statistic.EACH,
            None,
            Period.ROLLING_28D,
            LegalBasis("none", "tests"),
            "flying@1",
            clock.key,
        )
        for clock in clocks
    )
    return STANDARD_RULES.merge([Rulebook(("flying@1",), rules)])


FIRST_PACK, LATER = rulebook(REMOVAL, CONTROL), rulebook(REMOVAL._replace(version="2", limit=2 * HOUR))


class PackChange:
    """One partition and a board that reads what it tells; each has a rulebook of its own."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.now = START
        self.number = 0
        self.load_pack(FIRST_PACK)
        self.board_snapshot(FIRST_PACK)

    def load_pack(self, pack: Rulebook) -> None:
        """Start the worker anew, by a rulebook."""
        self.pack = pack
        self.ledger = Ledger(ledger_config(REGISTRY, pack), MessagePackCodec())
        load_rows(self.ledger, self.rows)
        self.ledger.start(self.now)

    def board_snapshot(self, pack: Rulebook) -> None:
        """Start the board anew, by a rulebook."""
        self.board = Board(REGISTRY, Release("1", pack), lambda: self.now)
        for key, value in self.rows.items():
            if is_measure_key(key):
                self.board.measures.apply_record(0, key, value)

    def add_report(self, answered_after: int | None = None) -> None:
        """Let a report be filed now, and acted on later."""
        self.number += 1
        key = f"harbor|{self.number}".encode()
        self.ledger.apply(filing(key=key, at=self.now, event_id=self.number))
        if answered_after is not None:
            at = self.now + answered_after
            self.ledger.apply(action(key=key, at=at, event_id=1000 + self.number))

    def publish_measures(self, now: int) -> Snapshot:
        """Move time, commit and let the board read; returns what it shows."""
        self.now = now
        self.ledger.advance(now)
        for key, value in self.ledger.drain_changes().items():
            assert value is not None
            self.rows[key] = value
            if is_measure_key(key):
                self.board.measures.apply_record(0, key, value)
        self.board.measures.apply_record(
            0, STATUS_KEY, encode_partition_status(PartitionStatus(now, now, 1, self.pack.name, "registry"))
        )
        fresh = self.board.assess_freshness({0})
        asyncio.run(self.board.compute_gauges(fresh))
        self.board.refresh_snapshot(fresh, now)
        return self.board.snapshot


def counts(snapshot: Snapshot) -> Mapping[tuple[str, ...], float]:
    """Return every counter of deadlines by its metric and words."""
    return dict(_counts(snapshot))


def _counts(snapshot: Snapshot) -> Iterator[tuple[tuple[str, ...], float]]:
    for name in ("reached", "missed", "corrected"):
        for words, value in snapshot.values[f"safeclock_deadline_{name}_total"].items():
            yield (name, *words), value


def test_what_was_counted_under_a_former_version_stays_and_the_new_one_adds_to_it() -> None:
    flight = PackChange()
    flight.add_report(3 * HOUR)
    before = counts(flight.publish_measures(START + 5 * HOUR))

    flight.load_pack(LATER)
    during = counts(flight.publish_measures(START + 6 * HOUR))
    flight.board_snapshot(LATER)
    reread = counts(flight.publish_measures(START + 6 * HOUR))
    flight.now = START + 2 * DAY
    flight.add_report(3 * HOUR)
    after = counts(flight.publish_measures(START + 3 * DAY))

    for earlier, later in ((before, during), (during, reread), (reread, after)):
        assert all(later[words] >= count for words, count in earlier.items())
    missed = ("missed", "harbor", "removal", "live")
    assert [one[missed] for one in (before, during, reread, after)] == [1, 1, 1, 2]


def test_a_clock_that_left_the_pack_keeps_its_counts_and_is_followed_until_nothing_runs_under_it() -> None:
    flight = PackChange()
    flight.add_report()
    flight.publish_measures(START + HOUR // 2)
    flight.load_pack(LATER)
    flight.board_snapshot(LATER)

    values = flight.publish_measures(START + 5 * HOUR).values

    own = ("harbor", "control")
    assert values["safeclock_deadline_missed_total"][*own, "live"] == 1
    assert values["safeclock_overdue_reports"][own] == 1
    assert not [words for words in values["safeclock_objective_reports"] if words[1] == "control"]
    assert not [words for words in values["safeclock_clock_info"] if words[0] == "control"]


def test_a_rule_is_judged_by_the_reports_under_all_versions_of_its_clock() -> None:
    flight = PackChange()
    flight.add_report(HOUR)
    flight.publish_measures(START + 5 * HOUR)
    flight.load_pack(LATER)
    flight.board_snapshot(LATER)
    flight.now = START + 2 * DAY
    flight.add_report(2 * HOUR)

    values = flight.publish_measures(START + 3 * DAY).values

    own = ("harbor", "removal", "current")
    assert values["safeclock_objective_reports"][own] == 2
    assert values["safeclock_objective_met"][own] == 1


def test_a_board_that_has_the_former_pack_shows_the_new_clock_as_soon_as_it_is_published() -> None:
    flight = PackChange()
    flight.publish_measures(START + HOUR)
    flight.load_pack(rulebook(REMOVAL, CONTROL, REMOVAL._replace(id="newcomer")))

    snapshot = flight.publish_measures(START + 2 * HOUR)

    assert snapshot.values["safeclock_deadline_missed_total"]["harbor", "newcomer", "live"] == 0
    assert flight.board.assess_freshness({0}).reasons == (
        f"workers use the rule pack {flight.pack.name}, this board uses {FIRST_PACK.name}",
    )
