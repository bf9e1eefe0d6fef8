"""The commands that act on what workers know: `admin accept-source-reset`, `admin backup`, `admin restore`."""

import sys
from pathlib import Path
from typing import Any

import click

from streams.admin.commands.common import BROKER_OPTIONS, exit_on_error, load_admin_settings
from streams.edge.cli_options import with_options
from streams.edge.exit_codes import CHANGES_PENDING


@click.command("accept-source-reset")
@click.argument("topic")
@with_options(BROKER_OPTIONS)
@click.option("--record-time", help="Whose stamps count: log or create (SAFECLOCK_RECORD_TIME).")
@click.option("--partition", type=click.IntRange(0), multiple=True, help="Default: every partition of the topic.")
@click.option(
    "--from",
    "where",
    type=click.Choice(["beginning", "end"]),
    required=True,
    help="Read what the log holds now, or only what comes after.",
)
@click.option("--yes", is_flag=True, help="Do it. Without this it is only said.")
def accept_source_reset(topic: str, where: str, partition: tuple[int, ...], *, yes: bool, **given: str | None) -> None:
    """Go on with source TOPIC although it was made anew, or its log cut: what was counted stays counted.

    Run it with the rights of a worker. Workers may run: one that holds a partition of which this is accepted ends,
    with status 1, and goes on when it is started again. Ends with 0 when it is done or nothing needs it, with 2 when
    `--yes` is missing.
    """
    import asyncio

    from streams.admin.source_reset.rules import ResumeFrom
    from streams.admin.source_reset.source_reset import accept_reset, blocked_partitions, open_session
    from streams.runtime.bootstrap import load_registry

    with exit_on_error():
        settings = load_admin_settings(given)
        registry = load_registry(settings)
        stage = open_session(settings, registry)
        numbers = partition or tuple(range(registry.partitions))
        found = asyncio.run(blocked_partitions(stage, topic, numbers, ResumeFrom(where)))
        for case in found:
            click.echo(case.describe())
        if not found:
            click.echo(f"{topic}: every position fits its log, nothing to accept")
        elif not yes:
            click.echo("nothing was changed: add --yes to accept this")
            sys.exit(CHANGES_PENDING)
        else:
            for case in found:
                asyncio.run(accept_reset(stage, case, ResumeFrom(where)))
                click.echo(f"{topic} {case.number}: accepted")


def _application(given: dict[str, str | None]) -> Any:  # noqa: ANN401 - its type is imported lazily
    from streams.admin.backup.backup import open_application
    from streams.admin.topic_reader import BrokerAddress
    from streams.runtime.bootstrap import load_registry

    settings = load_admin_settings(given)
    return open_application(
        BrokerAddress(settings.bootstrap, settings.access), settings.application, load_registry(settings)
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@with_options(BROKER_OPTIONS)
def backup(folder: Path, **given: str | None) -> None:
    """Write what workers know, the changelog and `measures`, to a new FOLDER; workers may go on meanwhile."""
    import asyncio

    from streams.admin.backup.backup import topic_ids
    from streams.admin.backup.backup import write_backup as keep
    from streams.edge.clock import wall_clock_ms

    with exit_on_error():
        one = _application(given)
        kept = asyncio.run(keep(one, folder, topic_ids(one), wall_clock_ms()))
    click.echo("\n".join(each.describe() for each in kept))
    click.echo(f"{sum(part.rows for each in kept for part in each.files)} rows in {folder}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@with_options(BROKER_OPTIONS)
def restore(folder: Path, **given: str | None) -> None:
    """Bring a backup in FOLDER into empty topics; nothing is written unless it is whole and they are empty.

    Run it with the rights of a worker, and while none runs. What is there already stays, so it is safe to run again.
    """
    import asyncio

    from streams.admin.backup import restore_backup

    with exit_on_error():
        one = _application(given)
        manifest = restore_backup.open_backup(one, folder)
        strange, limit = restore_backup.recreated_sources(one, manifest), restore_backup.read_batch_limit(one)
        parts = asyncio.run(restore_backup.pending_partitions(one, folder, manifest))
        for part in parts:
            if not part.is_restored:
                asyncio.run(restore_backup.restore_partition(one, part, limit))
            done = "was there already" if part.is_restored else "restored and read back"
            click.echo(f"partition {part.number}: {len(part.rows)} rows, {len(part.measures)} measures: {done}")
    click.echo(f"as of {manifest.taken_at}: a worker goes on from there")
    for topic in strange:
        accept = f"safeclock admin accept-source-reset {topic} --from beginning|end"
        click.echo(f"{topic} was made anew since: a worker stops until `{accept}`")
