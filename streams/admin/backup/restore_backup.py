"""Restore a backup into empty topics, each partition in one transaction."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.admin.backup.archive import Manifest, Rows, read_manifest, read_rows, verify_files
from streams.admin.backup.backup import Application, topic_ids
from streams.admin.errors import OperatingError
from streams.admin.provisioning.cluster import ClusterAdmin
from streams.admin.topic_reader import open_log
from streams.contract.outputs.measures import STATUS_KEY, decode_partition_status
from streams.contract.topics import MAX_MESSAGE_BYTES
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, CLAIM_KEY, decode_checkpoint, encode_checkpoint
from streams.runtime.journal.journal import Commit, JournalTarget
from streams.runtime.journal.transactions import TransactionJournal


class PendingPartition(NamedTuple):
    """The rows that a partition of both topics should hold, and whether they are restored already."""

    number: int
    rows: Rows
    measures: Rows
    is_restored: bool


def open_backup(application: Application, folder: Path) -> Manifest:
    """Return the manifest of a backup; blocking.

    Raises OperatingError if the backup is incomplete, damaged, or of another application.
    """
    manifest = read_manifest(folder)
    expected = (application.name, application.registry.partitions)
    if expected != (manifest.application, manifest.partitions):
        raise OperatingError(
            f"{folder}: expected a backup of {expected[0]} with {expected[1]} partitions, got one of {manifest.application} with"
            f" {manifest.partitions}"
        )
    verify_files(folder, manifest, (application.output_topics.changelog, application.output_topics.measures))
    return manifest


def recreated_sources(application: Application, manifest: Manifest) -> list[str]:
    """Return the source topics whose id differs from the backup's: a worker stops there until accepted; blocking."""
    found = topic_ids(application)
    return [topic for topic in application.registry.source_topics() if manifest.topics.get(topic) != found[topic]]


def read_batch_limit(application: Application) -> int:
    """Return the batch size limit of the changelog in bytes; blocking.

    Raises OperatingError on a broker without transactions.
    """
    with ClusterAdmin(application.address.bootstrap, application.address.access) as cluster:
        if not cluster.has_transactions():
            raise OperatingError(
                "SAFECLOCK_BOOTSTRAP: expected a broker with transactions, got one without: a partition could be"
                " restored in part"
            )
        settings = cluster.describe_settings([application.output_topics.changelog])[application.output_topics.changelog]
    return int(settings.get("max.message.bytes", MAX_MESSAGE_BYTES))


async def pending_partitions(application: Application, folder: Path, manifest: Manifest) -> list[PendingPartition]:
    """Return the partitions to restore; raises OperatingError if a topic holds rows that are not the backup's."""
    files = {(file.topic, file.partition): file for file in manifest.files}
    found = []
    for number in range(manifest.partitions):
        measures = read_rows(folder, files[application.output_topics.measures, number])
        rows = _without_topic_ids(read_rows(folder, files[application.output_topics.changelog, number]), measures)
        restored = [
            await _holds_rows(application, topic, number, wanted)
            for topic, wanted in (
                (application.output_topics.changelog, rows),
                (application.output_topics.measures, measures),
            )
        ]
        found.append(PendingPartition(number, rows, measures, all(restored)))
    return found


def _without_topic_ids(rows: Rows, measures: Rows) -> Rows:
    """Return the rows with a checkpoint that does not require the ids of the topics that were backed up.

    A running worker may have written a later status before the measures were backed up: the checkpoint gets the commit
    number of that status, so that both topics agree.
    """
    if CHECKPOINT_KEY not in rows:
        return rows
    checkpoint = decode_checkpoint(rows[CHECKPOINT_KEY])
    status = decode_partition_status(measures[STATUS_KEY]) if STATUS_KEY in measures else None
    commit_number = checkpoint.commit_number if status is None else status.commit_number
    return {
        **rows,
        CHECKPOINT_KEY: encode_checkpoint(
            msgspec.structs.replace(checkpoint, output_topic_ids={}, commit_number=commit_number)
        ),
    }


async def _holds_rows(application: Application, topic: str, number: int, expected: Rows) -> bool:
    """Return whether a partition holds the rows `expected`; raises OperatingError if it holds other rows."""
    async with open_log(application.address, topic, number) as log:
        rows = await log.rows()
    rows.pop(CLAIM_KEY, None)
    if rows not in ({}, expected):
        raise OperatingError(
            f"{topic} {number}: expected an empty topic, found {len(rows)} rows: delete the topic and recreate it with"
            " `safeclock admin apply`"
        )
    return rows == expected


async def restore_partition(application: Application, partition: PendingPartition, max_batch_bytes: int) -> None:
    """Write one partition of both topics, all or nothing, and read it back.

    Raises OperatingError if a worker has written to the partition before the claim; after the claim no worker can.
    """
    target = JournalTarget(
        application.address.bootstrap,
        application.name,
        application.output_topics.changelog,
        partition.number,
        max_batch_bytes,
        application.address.access,
    )
    wanted = (
        (application.output_topics.changelog, partition.rows),
        (application.output_topics.measures, partition.measures),
    )
    journal = TransactionJournal(target, Failpoints())
    try:
        await journal.claim()
        for topic, rows in wanted:
            await _holds_rows(application, topic, partition.number, rows)
        await journal.commit(
            Commit({**partition.rows}, {application.output_topics.measures: partition.measures.items()})
        )
    finally:
        await journal.close()
    for topic, rows in wanted:
        if not await _holds_rows(application, topic, partition.number, rows) and rows:
            raise OperatingError(f"{topic} {partition.number}: expected {len(rows)} rows after the restore, found none")
