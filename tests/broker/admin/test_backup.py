"""The drill: what workers know is kept, its topics are lost and made anew, and a worker goes on as if nothing was."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from streams.admin.backup.backup import open_application
from streams.admin.backup.restore_backup import open_backup, pending_partitions, read_batch_limit, restore_partition
from streams.admin.errors import OperatingError
from streams.admin.topic_reader import BrokerAddress
from streams.contract.topics import MEASURES
from streams.domain.duration_bins import DAY
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, CLAIM_KEY, decode_checkpoint, encode_checkpoint
from tests.support.process.admin_terminal import Terminal
from tests.support.process.chain import Chain, Make
from tests.support.process.ledger_worker import worked
from tests.support.process.production_topics import deleted
from tests.support.process.reference_comparison import agree
from tests.support.simulation.recent_history import lines_of, plan_of

pytestmark = pytest.mark.apache  # `production` runs there

PLAN = plan_of(reports=200, weeks=1)
DUE = PLAN.end_ms + 4 * DAY
ALONE = ("admin", "apply", "--replication", "1")


def kept(production: Make, folder: Path) -> tuple[Chain, Terminal]:
    """Return a chain on which the first half of a history was counted, and kept in `folder`."""
    chain = production("apache_kafka", 2)
    operator = Terminal(chain.environment())
    operator.done(*ALONE)
    lines = lines_of(PLAN)
    chain.publish(lines[: len(lines) // 2])
    worked(chain, 0)
    operator.done("admin", "backup", folder)
    return chain, operator


def lose(chain: Chain, operator: Terminal) -> None:
    """Delete what workers wrote, and make the topics anew."""
    with deleted(chain.bootstrap, [chain.names.changelog, MEASURES]):
        pass
    operator.done(*ALONE)


def test_a_worker_goes_on_exactly_after_its_topics_were_lost_and_restored(production: Make, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    chain, operator = kept(production, folder)
    before = {topic: set(chain.stored(topic)) for topic in (chain.names.changelog, MEASURES)}
    lose(chain, operator)

    restored = operator.done("admin", "restore", folder)
    again = operator.done("admin", "restore", folder)

    after = {topic: set(chain.stored(topic)) for topic in before}
    assert "restored and read back" in restored
    assert again.count("restored before") == 2
    assert after[MEASURES] == before[MEASURES]
    assert kept_rows(after[chain.names.changelog]) == kept_rows(before[chain.names.changelog])
    lines = lines_of(PLAN)
    chain.publish(lines[len(lines) // 2 :])
    now = worked(chain, DUE)
    agree(chain, lines, now)
    over = operator.run("admin", "restore", folder)
    assert over.exit_code == 1
    assert "expected an empty topic" in over.output


@pytest.mark.slow
def test_a_source_topic_that_was_lost_as_well_is_accepted_by_the_command_that_restore_prints(
    production: Make, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    chain, operator = kept(production, folder)
    topic = chain.sources[0]
    with deleted(chain.bootstrap, [topic]):
        pass
    lose(chain, operator)

    restored = operator.done("admin", "restore", folder)
    (told,) = [line for line in restored.splitlines() if "was recreated since" in line]
    printed = told.partition("`safeclock ")[2].partition("`")[0]
    accepted = operator.done(*printed.replace("beginning|end", "beginning --yes").split())

    assert told.startswith(f"{topic} was recreated since: workers stop until")
    assert f"{topic} 0: accepted" in accepted


@pytest.mark.slow
def test_a_restore_writes_nothing_over_what_a_worker_has_begun_meanwhile(production: Make, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    chain, operator = kept(production, folder)
    lose(chain, operator)
    one = open_application(BrokerAddress(chain.bootstrap), chain.application, chain.registry, chain.names)
    manifest = open_backup(one, folder)
    first, _ = asyncio.run(pending_partitions(one, folder, manifest))
    chain.publish(lines_of(PLAN)[-20:])
    worked(chain, 0)
    before = {topic: set(chain.stored(topic)) for topic in (chain.names.changelog, MEASURES)}

    with pytest.raises(OperatingError, match="expected an empty topic"):
        asyncio.run(restore_partition(one, first, read_batch_limit(one)))

    assert kept_rows(set(chain.stored(chain.names.changelog))) == kept_rows(before[chain.names.changelog])
    assert set(chain.stored(MEASURES)) == before[MEASURES]


def kept_rows(rows: set[tuple[int, bytes, bytes]]) -> set[tuple[int, bytes, bytes]]:
    """Return rows without claims, and without which topics a position was written to: these are others now."""
    return {
        (
            partition,
            key,
            encode_checkpoint(replace(decode_checkpoint(row), output_topic_ids={})) if key == CHECKPOINT_KEY else row,
        )
        for partition, key, row in rows
        if key != CLAIM_KEY
    }
