"""Keeping what workers know outside the broker: the changelog, and `measures` as the changelog has it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from streams.admin.backup.archive import Manifest, Part, Rows, empty, seal, write
from streams.admin.errors import OperatingError
from streams.admin.provisioning.cluster import Cluster
from streams.admin.topic_reader import Link, opened
from streams.contract.outputs.measures import STATUS_KEY, is_measure_key
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import format_timestamp
from streams.contract.topics import changelog_topic
from streams.runtime.journal.checkpoint import CLAIM_KEY, POSITION_KEY
from streams.runtime.topic_checks.differences import miscounted
from streams.runtime.topic_checks.preflight import Names

_NOT_KEPT: Final = {CLAIM_KEY}


class House(NamedTuple):
    """An application on its broker: where, and which topics it writes."""

    link: Link
    application: str
    registry: Registry
    names: Names


class Kept(NamedTuple):
    """What was written of one partition; `differing` is how many rows `measures` told otherwise than the changelog."""

    parts: tuple[Part, Part]
    differing: int

    def told(self) -> str:
        """Return it in one line."""
        rows, measures = self.parts
        line = f"{rows.topic} {rows.partition}: {rows.rows} rows; {measures.topic}: {measures.rows}"
        ahead = f", {self.differing} of which had moved on and were kept as the changelog has them"
        return line + (ahead if self.differing else "")


def house(link: Link, application: str, registry: Registry, names: Names | None = None) -> House:
    """Return an application; its topics are those of the contract where no `names` are given."""
    return House(link, application, registry, names or Names(changelog_topic(application)))


def ids(one: House) -> dict[str, str]:
    """Return the ids of the topics that are kept and of the sources; blocking.

    Raises OperatingError when one is missing or has another number of partitions.
    """
    wanted = (one.names.changelog, one.names.measures, *one.registry.source_topics())
    with Cluster(one.link.bootstrap, one.link.access) as cluster:
        found = cluster.topics(wanted)
    if faults := miscounted(wanted, one.registry.partitions, found):
        raise OperatingError("\n".join(faults))
    return {name: found[name].id for name in wanted}


def agreeing(rows: Rows, told: Rows) -> tuple[Rows, int]:
    """Return what `measures` must hold beside `rows` of the changelog, and how many rows it tells otherwise.

    It is read after the changelog, so a working worker may have told more. Kept as read, figures of events would come
    back that the restored changelog does not know. A status is in `measures` only.
    """
    measures = {key: value for key, value in rows.items() if is_measure_key(key)}
    differing = sum(told.get(key) != value for key, value in measures.items())
    differing += sum(is_measure_key(key) and key not in measures for key in told)
    status = {key: value for key, value in told.items() if key == STATUS_KEY}
    return measures | status, differing


async def backup(one: House, folder: Path, topics: dict[str, str], now: int) -> list[Kept]:
    """Write a backup to `folder`, which must be empty, and return what it holds; `now` in epoch milliseconds."""
    empty(folder)
    kept = [await _keep(one, folder, number) for number in range(one.registry.partitions)]
    manifest = Manifest(
        application=one.application,
        partitions=one.registry.partitions,
        registry=one.registry.hash,
        taken=format_timestamp(now),
        topics=topics,
        parts=[part for each in kept for part in each.parts],
    )
    seal(folder, manifest)
    return kept


async def _keep(one: House, folder: Path, number: int) -> Kept:
    async with opened(one.link, one.names.changelog, number) as log:
        rows = dict(_ordered({key: row for key, row in (await log.rows()).items() if key not in _NOT_KEPT}))
    async with opened(one.link, one.names.measures, number) as log:
        measures, differing = agreeing(rows, await log.rows())
    parts = (
        write(folder, one.names.changelog, number, rows),
        write(folder, one.names.measures, number, measures),
    )
    return Kept(parts, differing)


def _ordered(rows: Rows) -> Iterator[tuple[bytes, bytes]]:
    """Yield rows with the position last, as every commit has it."""
    yield from ((key, value) for key, value in rows.items() if key != POSITION_KEY)
    if POSITION_KEY in rows:
        yield POSITION_KEY, rows[POSITION_KEY]
