"""Bringing a backup into empty topics, each partition in one transaction."""

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
from streams.runtime.journal.journal import Commit, JournalTarget, TransactionJournal


class PendingPartition(NamedTuple):
    """What a partition of both topics should hold, and whether it does already."""

    number: int
    rows: Rows
    measures: Rows
    is_restored: bool


def open_backup(application: Application, folder: Path) -> Manifest:
    """Return the manifest of a backup that is whole and this application's; blocking."""
    manifest = read_manifest(folder)
    own = (application.name, application.registry.partitions)
    if own != (manifest.application, manifest.partitions):
        raise OperatingError(
            f"{folder}: expected a backup of {own[0]} with {own[1]} partitions, got one of {manifest.application} with"
            f" {manifest.partitions}"
        )
    verify_files(folder, manifest, (application.output_topics.changelog, application.output_topics.measures))
    return manifest


def recreated_sources(application: Application, manifest: Manifest) -> list[str]:
    """Return the source topics that are not those of the backup: a worker stops there until it is accepted; blocking."""
    found = topic_ids(application)
    return [topic for topic in application.registry.source_topics() if manifest.topics.get(topic) != found[topic]]


def read_batch_limit(application: Application) -> int:
    """Return the largest batch of the changelog; raises OperatingError on a broker without transactions; blocking."""
    with ClusterAdmin(application.address.bootstrap, application.address.access) as cluster:
        if not cluster.has_transactions():
            raise OperatingError(
                "expected a broker with transactions: without them a partition may be restored in part"
            )
        settings = cluster.describe_settings([application.output_topics.changelog])[application.output_topics.changelog]
    return int(settings.get("max.message.bytes", MAX_MESSAGE_BYTES))


async def pending_partitions(application: Application, folder: Path, manifest: Manifest) -> list[PendingPartition]:
    """Return what is to be restored; raises OperatingError if a topic holds anything but what the backup does."""
    files = {(part.topic, part.partition): part for part in manifest.files}
    found = []
    for number in range(manifest.partitions):
        measures = read_rows(folder, files[application.output_topics.measures, number])
        rows = _without_topic_ids(read_rows(folder, files[application.output_topics.changelog, number]), measures)
        there = [
            await _holds_rows(application, topic, number, wanted)
            for topic, wanted in (
                (application.output_topics.changelog, rows),
                (application.output_topics.measures, measures),
            )
        ]
        found.append(PendingPartition(number, rows, measures, all(there)))
    return found


def _without_topic_ids(rows: Rows, measures: Rows) -> Rows:
    """Return the rows with a position that does not ask for the topics from which they were kept.

    A worker at work may have told a later status before the measures were kept: then the position takes its number,
    so that both topics are of one commit.
    """
    if CHECKPOINT_KEY not in rows:
        return rows
    position = decode_checkpoint(rows[CHECKPOINT_KEY])
    status = decode_partition_status(measures[STATUS_KEY]) if STATUS_KEY in measures else None
    commit = position.commit_number if status is None else status.commit_number
    return {
        **rows,
        CHECKPOINT_KEY: encode_checkpoint(msgspec.structs.replace(position, output_topic_ids={}, commit_number=commit)),
    }


async def _holds_rows(application: Application, topic: str, number: int, expected: Rows) -> bool:
    """Whether a partition holds the rows; raises OperatingError when it holds others."""
    async with open_log(application.address, topic, number) as log:
        rows = await log.rows()
    rows.pop(CLAIM_KEY, None)
    if rows not in ({}, expected):
        raise OperatingError(
            f"{topic} {number}: expected an empty topic, found {len(rows)} rows: delete the topic and make it anew with"
            " `safeclock admin apply`"
        )
    return rows == expected


async def restore_partition(application: Application, partition: PendingPartition, max_batch_bytes: int) -> None:
    """Write one partition of both topics, all or nothing, and read it back.

    Raises OperatingError when a worker has written to it since it was found empty; from the claim on, none can.
    """
    place = JournalTarget(
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
    journal = TransactionJournal(place, Failpoints())
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
