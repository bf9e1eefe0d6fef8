"""Back up the state of workers to files: the changelog, and `measures` in agreement with the changelog."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from streams.admin.backup.archive import BackupFile, Manifest, Rows, prepare_folder, write_manifest, write_rows
from streams.admin.errors import OperatingError
from streams.admin.provisioning.cluster import ClusterAdmin
from streams.admin.topic_reader import BrokerAddress, open_log
from streams.contract.outputs.formatting import format_count
from streams.contract.outputs.measures import STATUS_KEY, is_measure_key
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import format_timestamp
from streams.contract.topics import changelog_topic
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, CLAIM_KEY
from streams.runtime.topic_checks.differences import partition_faults
from streams.runtime.topic_checks.preflight import OutputTopics

_EXCLUDED_KEYS: Final = {CLAIM_KEY}


class Application(NamedTuple):
    """An application: its cluster, its registry, and the topics that it writes."""

    address: BrokerAddress
    name: str
    registry: Registry
    output_topics: OutputTopics


class PartitionBackup(NamedTuple):
    """The backup of one partition; `differing_rows` is how many rows of `measures` differed from the changelog."""

    files: tuple[BackupFile, BackupFile]
    differing_rows: int

    def describe(self) -> str:
        """Return the numbers of rows in one line."""
        rows, measures = self.files
        line = f"{rows.topic} {rows.partition}: {format_count(rows.rows, 'row')}; {measures.topic}: {measures.rows}"
        note = f", {self.differing_rows} of them newer and kept as in the changelog"
        return line + (note if self.differing_rows else "")


def open_application(
    address: BrokerAddress, name: str, registry: Registry, names: OutputTopics | None = None
) -> Application:
    """Return an application; without `names` its topics are those of the contract."""
    return Application(address, name, registry, names or OutputTopics(changelog_topic(name)))


def topic_ids(application: Application) -> dict[str, str]:
    """Return the ids of the topics to back up and of the source topics; blocking.

    Raises OperatingError if a topic is missing or has another number of partitions.
    """
    wanted = (
        application.output_topics.changelog,
        application.output_topics.measures,
        *application.registry.source_topics(),
    )
    with ClusterAdmin(application.address.bootstrap, application.address.access) as cluster:
        found = cluster.describe_topics(wanted)
    if faults := partition_faults(wanted, application.registry.partitions, found):
        raise OperatingError("\n".join(faults))
    return {name: found[name].id for name in wanted}


def consistent_measures(rows: Rows, stored_measures: Rows) -> tuple[Rows, int]:
    """Return the `measures` that agree with `rows` of the changelog, and how many stored rows differ from them.

    `measures` are read after the changelog, so a running worker may have written newer rows. If these were restored,
    they would count events that the restored changelog does not contain. A status is in `measures` only.
    """
    measures = {key: value for key, value in rows.items() if is_measure_key(key)}
    differing = sum(stored_measures.get(key) != value for key, value in measures.items())
    differing += sum(is_measure_key(key) and key not in measures for key in stored_measures)
    status = {key: value for key, value in stored_measures.items() if key == STATUS_KEY}
    return measures | status, differing


async def write_backup(
    application: Application, folder: Path, topics: dict[str, str], now: int
) -> list[PartitionBackup]:
    """Write a backup to `folder`, which must be empty, and return its partitions; `now` in epoch milliseconds."""
    prepare_folder(folder)
    partition_backups = [
        await _back_up_partition(application, folder, number) for number in range(application.registry.partitions)
    ]
    manifest = Manifest(
        application=application.name,
        partitions=application.registry.partitions,
        registry=application.registry.hash,
        taken_at=format_timestamp(now),
        topics=topics,
        files=[file for partition in partition_backups for file in partition.files],
    )
    write_manifest(folder, manifest)
    return partition_backups


async def _back_up_partition(application: Application, folder: Path, number: int) -> PartitionBackup:
    async with open_log(application.address, application.output_topics.changelog, number) as log:
        rows = dict(
            _with_checkpoint_last({key: row for key, row in (await log.rows()).items() if key not in _EXCLUDED_KEYS})
        )
    async with open_log(application.address, application.output_topics.measures, number) as log:
        measures, differing = consistent_measures(rows, await log.rows())
    parts = (
        write_rows(folder, application.output_topics.changelog, number, rows),
        write_rows(folder, application.output_topics.measures, number, measures),
    )
    return PartitionBackup(parts, differing)


def _with_checkpoint_last(rows: Rows) -> Iterator[tuple[bytes, bytes]]:
    """Yield rows with the checkpoint last, as in every commit."""
    yield from ((key, value) for key, value in rows.items() if key != CHECKPOINT_KEY)
    if CHECKPOINT_KEY in rows:
        yield CHECKPOINT_KEY, rows[CHECKPOINT_KEY]
