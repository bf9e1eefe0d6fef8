"""An operator backs up what workers know, loses the topics, restores them, and a worker continues where it was."""

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
from tests.support.process.admin_terminal import AdminTerminal
from tests.support.process.chain import Chain, ChainFactory
from tests.support.process.ledger_worker import run_until_due
from tests.support.process.production_topics import deleted_topics
from tests.support.process.reference_comparison import assert_equals_reference
from tests.support.simulation.recent_history import event_lines, recent_plan

pytestmark = pytest.mark.apache  # `production` runs there

PLAN = recent_plan(reports=200, weeks=1)
DUE = PLAN.end_ms + 4 * DAY
APPLY_SINGLE_REPLICA = ("admin", "apply", "--replication", "1")


def write_backup(production: ChainFactory, folder: Path) -> tuple[Chain, AdminTerminal]:
    """Return a chain on which the first half of a history was counted, and kept in `folder`."""
    chain = production("apache_kafka", 2)
    operator = AdminTerminal(chain.environment())
    operator.run_successfully(*APPLY_SINGLE_REPLICA)
    lines = event_lines(PLAN)
    chain.publish(lines[: len(lines) // 2])
    run_until_due(chain, 0)
    operator.run_successfully("admin", "backup", folder)
    return chain, operator


def delete_topics(chain: Chain, operator: AdminTerminal) -> None:
    """Delete what workers wrote, and recreate the topics."""
    with deleted_topics(chain.bootstrap, [chain.names.changelog, MEASURES]):
        pass
    operator.run_successfully(*APPLY_SINGLE_REPLICA)


def test_a_worker_continues_exactly_after_its_topics_were_lost_and_restored(
    contract_topics_chain: ChainFactory, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    chain, operator = write_backup(contract_topics_chain, folder)
    before = {topic: set(chain.stored(topic)) for topic in (chain.names.changelog, MEASURES)}
    delete_topics(chain, operator)

    restored = operator.run_successfully("admin", "restore", folder)
    again = operator.run_successfully("admin", "restore", folder)

    after = {topic: set(chain.stored(topic)) for topic in before}
    assert "restored and read back" in restored
    assert again.count("restored before") == 2
    assert after[MEASURES] == before[MEASURES]
    assert rows_without_position(after[chain.names.changelog]) == rows_without_position(before[chain.names.changelog])
    lines = event_lines(PLAN)
    chain.publish(lines[len(lines) // 2 :])
    now = run_until_due(chain, DUE)
    assert_equals_reference(chain, lines, now)
    over = operator.run("admin", "restore", folder)
    assert over.exit_code == 1
    assert "expected an empty topic" in over.output


@pytest.mark.slow
def test_a_source_topic_that_was_lost_as_well_is_accepted_by_the_command_that_restore_prints(
    contract_topics_chain: ChainFactory, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    chain, operator = write_backup(contract_topics_chain, folder)
    topic = chain.sources[0]
    with deleted_topics(chain.bootstrap, [topic]):
        pass
    delete_topics(chain, operator)

    restored = operator.run_successfully("admin", "restore", folder)
    (warning,) = [line for line in restored.splitlines() if "was recreated since" in line]
    printed = warning.partition("`safeclock ")[2].partition("`")[0]
    accepted = operator.run_successfully(*printed.replace("beginning|end", "beginning --yes").split())

    assert warning.startswith(f"{topic} was recreated since: workers stop until")
    assert f"{topic} 0: accepted" in accepted


@pytest.mark.slow
def test_a_restore_writes_nothing_over_what_a_worker_has_begun_meanwhile(
    contract_topics_chain: ChainFactory, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    chain, operator = write_backup(contract_topics_chain, folder)
    delete_topics(chain, operator)
    one = open_application(BrokerAddress(chain.bootstrap), chain.application, chain.registry, chain.names)
    manifest = open_backup(one, folder)
    first, _ = asyncio.run(pending_partitions(one, folder, manifest))
    chain.publish(event_lines(PLAN)[-20:])
    run_until_due(chain, 0)
    before = {topic: set(chain.stored(topic)) for topic in (chain.names.changelog, MEASURES)}

    with pytest.raises(OperatingError, match="expected an empty topic"):
        asyncio.run(restore_partition(one, first, read_batch_limit(one)))

    assert rows_without_position(set(chain.stored(chain.names.changelog))) == rows_without_position(
        before[chain.names.changelog]
    )
    assert set(chain.stored(MEASURES)) == before[MEASURES]


def rows_without_position(rows: set[tuple[int, bytes, bytes]]) -> set[tuple[int, bytes, bytes]]:
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
