"""The command that measures scale, with small sizes: its histories are accepted, and every part comes to an end."""

import random
import subprocess
import sys
from itertools import islice
from types import SimpleNamespace

import pytest

from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.registry.registry import Registry, Role
from streams.contract.topics import partition_of
from streams.domain.duration_bins import DAY
from streams.domain.events import Filing
from streams.domain.ledger import counters
from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.ledger import Ledger
from tests.support.paths import ROOT
from tests.tools.bench.scale.changelog_filler import ReportCounts, events
from tests.tools.bench.scale.record_generator import GeneratedPeriod, generate_history, keys

NOW = 20_000 * DAY
SMALL = (
    *("--open=800", "--ended=8000", "--settled=1", "--events=4000", "--days=60", "--minutes=1", "--retention-days=1"),
    *("--flood=4000", "--seconds=1", "--platforms=2", "--harms=2", "--weeks=3"),
    *("--partitions=4", "--partition-events=80000"),
)


@pytest.mark.parametrize("partitions", [4, 8, 32])
@pytest.mark.parametrize("platform", [b"a", b"harbor", b"lantern-2"])
def test_keys_lie_where_the_partitioner_puts_them(platform: bytes, partitions: int) -> None:
    made = list(islice(keys(platform, partitions, seed=random.Random(platform).getrandbits(32)), 300))

    assert [number for number, _ in made] == [partition_of(key, partitions) for _, key in made]


def test_a_history_is_accepted_whole_and_every_report_is_decided() -> None:
    span = GeneratedPeriod(500, NOW - 30 * DAY, NOW)
    decoder, ledger = EventDecoder(Registry.accepting_all()), Ledger(LedgerConfig(), MessagePackCodec())

    timestamps = []
    for one in generate_history(("harbor", "meadow"), span, {role: role.value for role in Role}, partitions=8):
        record = SimpleNamespace(**one._asdict(), timestamp=one.logged_ms, headers=(), offset=0)
        event = decoder.decode(record)
        assert not isinstance(event, Refusal)
        assert ledger.apply(event) is None
        timestamps.append(one.logged_ms)

    assert timestamps == sorted(timestamps, key=lambda at: at or 0)
    assert sum(platform_counters.get(counters.FILED, 0) for platform_counters in ledger.counters().values()) == 500
    assert ledger.reports == 500


def test_what_is_to_be_remembered_is() -> None:
    ledger = Ledger(LedgerConfig(), MessagePackCodec())

    made = list(events(ReportCounts(open=100, ended=900, now=NOW), seed=1))
    for event in made:
        assert ledger.apply(event) is None
    ledger.advance(NOW)

    assert ledger.reports == 1_000
    assert sum(isinstance(event, Filing) for event in made) == 1_000
    assert len(made) == 1_900


@pytest.mark.slow
def test_every_part_runs_with_small_sizes(apache_kafka: str) -> None:
    del apache_kafka  # only whether one can run here: every part starts its own
    command = [sys.executable, "-W", "ignore", "-m", "tests.tools.bench.scale", *SMALL]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
    for found in ("to ready", "drained", "ratio of the medians", "a scrape", "4 partitions, 2 workers"):
        assert found in done.stdout
