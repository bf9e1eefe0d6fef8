"""The commands that act on the state of workers: `admin accept-source-reset`, `admin backup`, `admin restore`."""

import sys
from pathlib import Path
from typing import Any

import click

from streams.admin.commands.common import BROKER_OPTIONS, exit_on_error, load_admin_settings
from streams.contract.outputs.formatting import format_count
from streams.edge.cli_options import with_options
from streams.edge.exit_codes import CHANGES_PENDING


@click.command("accept-source-reset")
@click.argument("topic")
@with_options(BROKER_OPTIONS)
@click.option("--record-time", help="Which record timestamps to use: log or create (SAFECLOCK_RECORD_TIME).")
@click.option("--partition", type=click.IntRange(0), multiple=True, help="Default: every partition of the topic.")
@click.option(
    "--from",
    "start",
    type=click.Choice(["beginning", "end"]),
    required=True,
    help="Continue at the beginning of the present log, or at its end.",
)
@click.option("--yes", is_flag=True, help="Make the change. Without this flag the command only shows it.")
def accept_source_reset(topic: str, start: str, partition: tuple[int, ...], *, yes: bool, **flags: str | None) -> None:
    """Accept that source TOPIC was recreated, or its log cut. All counts are kept.

    Run the command with the rights of a worker. Workers may run: a worker that owns a changed partition exits with
    status 1, and continues when it is started again. The command exits with 0 if it is done or nothing needs to be
    accepted, and with 2 if `--yes` is missing.
    """
    import asyncio

    from streams.admin.source_reset.rules import ResumeFrom
    from streams.admin.source_reset.source_reset import accept_reset, blocked_partitions, open_session
    from streams.runtime.bootstrap import load_registry

    with exit_on_error():
        settings = load_admin_settings(flags)
        registry = load_registry(settings)
        session = open_session(settings, registry)
        numbers = partition or tuple(range(registry.partitions))
        found = asyncio.run(blocked_partitions(session, topic, numbers, ResumeFrom(start)))
        for blocked in found:
            click.echo(blocked.describe())
        if not found:
            click.echo(f"{topic}: every checkpoint fits its log, nothing to accept")
        elif not yes:
            click.echo("nothing was changed: add --yes to accept this")
            sys.exit(CHANGES_PENDING)
        else:
            for blocked in found:
                asyncio.run(accept_reset(session, blocked, ResumeFrom(start)))
                click.echo(f"{topic} {blocked.number}: accepted")


def _application(flags: dict[str, str | None]) -> Any:  # noqa: ANN401 - its type is imported lazily
    from streams.admin.backup.backup import open_application
    from streams.admin.topic_reader import BrokerAddress
    from streams.runtime.bootstrap import load_registry

    settings = load_admin_settings(flags)
    return open_application(
        BrokerAddress(settings.bootstrap, settings.access), settings.application, load_registry(settings)
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@with_options(BROKER_OPTIONS)
def backup(folder: Path, **flags: str | None) -> None:
    """Write the state of workers, the changelog and `measures`, to a new FOLDER. Workers may run meanwhile."""
    import asyncio

    from streams.admin.backup.backup import topic_ids
    from streams.admin.backup.backup import write_backup as keep
    from streams.edge.clock import wall_clock_ms

    with exit_on_error():
        application = _application(flags)
        partition_backups = asyncio.run(keep(application, folder, topic_ids(application), wall_clock_ms()))
    click.echo("\n".join(partition_backup.describe() for partition_backup in partition_backups))
    row_count = sum(file.rows for partition_backup in partition_backups for file in partition_backup.files)
    click.echo(f"{format_count(row_count, 'row')} in {folder}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@with_options(BROKER_OPTIONS)
def restore(folder: Path, **flags: str | None) -> None:
    """Restore the backup in FOLDER into empty topics. The backup must be complete, and the topics empty.

    Run the command with the rights of a worker, while no worker runs. Partitions that are restored already are left as
    they are, so the command can be run again.
    """
    import asyncio

    from streams.admin.backup import restore_backup

    with exit_on_error():
        application = _application(flags)
        manifest = restore_backup.open_backup(application, folder)
        recreated, max_batch_bytes = (
            restore_backup.recreated_sources(application, manifest),
            restore_backup.read_batch_limit(application),
        )
        parts = asyncio.run(restore_backup.pending_partitions(application, folder, manifest))
        for partition in parts:
            if not partition.is_restored:
                asyncio.run(restore_backup.restore_partition(application, partition, max_batch_bytes))
            result = "restored before" if partition.is_restored else "restored and read back"
            click.echo(
                f"partition {partition.number}: {format_count(len(partition.rows), 'row')}, "
                f"{format_count(len(partition.measures), 'measure')}: {result}"
            )
    click.echo(f"as of {manifest.taken_at}: workers continue from there")
    for topic in recreated:
        accept = f"safeclock admin accept-source-reset {topic} --from beginning|end"
        click.echo(f"{topic} was recreated since: workers stop until `{accept}`")
