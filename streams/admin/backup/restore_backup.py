"""Bringing a backup into empty topics, each partition in one transaction."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.admin.backup.archive import Manifest, Rows, check, read, read_manifest
from streams.admin.backup.backup import House, ids
from streams.admin.errors import OperatingError
from streams.admin.provisioning.cluster import Cluster
from streams.admin.topic_reader import opened
from streams.contract.outputs.measures import STATUS_KEY, decode_partition_status
from streams.contract.topics import MAX_MESSAGE_BYTES
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import CLAIM_KEY, POSITION_KEY, decode, encode
from streams.runtime.journal.journal import Outgoing, Place, TransactionJournal


class Part(NamedTuple):
    """What a partition of both topics should hold, and whether it does already."""

    number: int
    rows: Rows
    measures: Rows
    there: bool


def opened_backup(one: House, folder: Path) -> Manifest:
    """Return the manifest of a backup that is whole and this application's; blocking."""
    manifest = read_manifest(folder)
    own = (one.application, one.registry.partitions)
    if own != (manifest.application, manifest.partitions):
        raise OperatingError(
            f"{folder}: expected a backup of {own[0]} with {own[1]} partitions, got one of {manifest.application} with"
            f" {manifest.partitions}"
        )
    check(folder, manifest, (one.names.changelog, one.names.measures))
    return manifest


def strange_sources(one: House, manifest: Manifest) -> list[str]:
    """Return the source topics that are not those of the backup: a worker stops there until it is accepted; blocking."""
    found = ids(one)
    return [topic for topic in one.registry.source_topics() if manifest.topics.get(topic) != found[topic]]


def transactional(one: House) -> int:
    """Return the largest batch of the changelog; raises OperatingError on a broker without transactions; blocking."""
    with Cluster(one.link.bootstrap, one.link.access) as cluster:
        if not cluster.has_transactions():
            raise OperatingError(
                "expected a broker with transactions: without them a partition may be restored in part"
            )
        told = cluster.settings([one.names.changelog])[one.names.changelog]
    return int(told.get("max.message.bytes", MAX_MESSAGE_BYTES))


async def waiting(one: House, folder: Path, manifest: Manifest) -> list[Part]:
    """Return what is to be restored; raises OperatingError if a topic holds anything but what the backup does."""
    files = {(part.topic, part.partition): part for part in manifest.parts}
    found = []
    for number in range(manifest.partitions):
        measures = read(folder, files[one.names.measures, number])
        rows = _at_home_anywhere(read(folder, files[one.names.changelog, number]), measures)
        there = [
            await _holds(one, topic, number, wanted)
            for topic, wanted in ((one.names.changelog, rows), (one.names.measures, measures))
        ]
        found.append(Part(number, rows, measures, all(there)))
    return found


def _at_home_anywhere(rows: Rows, measures: Rows) -> Rows:
    """Return the rows with a position that does not ask for the topics from which they were kept.

    A worker at work may have told a later status before the measures were kept: then the position takes its number,
    so that both topics are of one commit.
    """
    if POSITION_KEY not in rows:
        return rows
    position = decode(rows[POSITION_KEY])
    status = decode_partition_status(measures[STATUS_KEY]) if STATUS_KEY in measures else None
    commit = position.commit if status is None else status.commit_number
    return {**rows, POSITION_KEY: encode(msgspec.structs.replace(position, own={}, commit=commit))}


async def _holds(one: House, topic: str, number: int, wanted: Rows) -> bool:
    """Whether a partition holds the rows; raises OperatingError when it holds others."""
    async with opened(one.link, topic, number) as log:
        rows = await log.rows()
    rows.pop(CLAIM_KEY, None)
    if rows not in ({}, wanted):
        raise OperatingError(
            f"{topic} {number}: expected an empty topic, found {len(rows)} rows: delete the topic and make it anew with"
            " `safeclock admin apply`"
        )
    return rows == wanted


async def restore(one: House, part: Part, limit: int) -> None:
    """Write one partition of both topics, all or nothing, and read it back.

    Raises OperatingError when a worker has written to it since it was found empty; from the claim on, none can.
    """
    place = Place(one.link.bootstrap, one.application, one.names.changelog, part.number, limit, one.link.access)
    wanted = ((one.names.changelog, part.rows), (one.names.measures, part.measures))
    journal = TransactionJournal(place, Failpoints())
    try:
        await journal.claim()
        for topic, rows in wanted:
            await _holds(one, topic, part.number, rows)
        await journal.commit(Outgoing({**part.rows}, {one.names.measures: part.measures.items()}))
    finally:
        await journal.close()
    for topic, rows in wanted:
        if not await _holds(one, topic, part.number, rows) and rows:
            raise OperatingError(f"{topic} {part.number}: expected {len(rows)} rows after the restore, found none")
