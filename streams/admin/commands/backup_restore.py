"""The commands that act on what workers know: `admin accept-source-reset`, `admin backup`, `admin restore`."""

import sys
from pathlib import Path
from typing import Any

import click

from streams.admin.commands.common import REACHED, failing, settings_of
from streams.edge.cli_options import with_options
from streams.edge.exit_codes import CHANGES_PENDING


@click.command("accept-source-reset")
@click.argument("topic")
@with_options(REACHED)
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

    from streams.admin.source_reset.rules import Where
    from streams.admin.source_reset.source_reset import accept, cases, staged
    from streams.runtime.bootstrap import registry_of

    with failing():
        settings = settings_of(given)
        registry = registry_of(settings)
        stage = staged(settings, registry)
        numbers = partition or tuple(range(registry.partitions))
        found = asyncio.run(cases(stage, topic, numbers, Where(where)))
        for case in found:
            click.echo(case.told())
        if not found:
            click.echo(f"{topic}: every position fits its log, nothing to accept")
        elif not yes:
            click.echo("nothing was changed: add --yes to accept this")
            sys.exit(CHANGES_PENDING)
        else:
            for case in found:
                asyncio.run(accept(stage, case, Where(where)))
                click.echo(f"{topic} {case.number}: accepted")


def _house(given: dict[str, str | None]) -> Any:  # noqa: ANN401 - its type is imported lazily
    from streams.admin.backup.backup import house
    from streams.admin.topic_reader import Link
    from streams.runtime.bootstrap import registry_of

    settings = settings_of(given)
    return house(Link(settings.bootstrap, settings.access), settings.application, registry_of(settings))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@with_options(REACHED)
def backup(folder: Path, **given: str | None) -> None:
    """Write what workers know, the changelog and `measures`, to a new FOLDER; workers may go on meanwhile."""
    import asyncio

    from streams.admin.backup.backup import backup as keep
    from streams.admin.backup.backup import ids
    from streams.edge.clock import wall_clock_ms

    with failing():
        one = _house(given)
        kept = asyncio.run(keep(one, folder, ids(one), wall_clock_ms()))
    click.echo("\n".join(each.told() for each in kept))
    click.echo(f"{sum(part.rows for each in kept for part in each.parts)} rows in {folder}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@with_options(REACHED)
def restore(folder: Path, **given: str | None) -> None:
    """Bring a backup in FOLDER into empty topics; nothing is written unless it is whole and they are empty.

    Run it with the rights of a worker, and while none runs. What is there already stays, so it is safe to run again.
    """
    import asyncio

    from streams.admin.backup import restore_backup

    with failing():
        one = _house(given)
        manifest = restore_backup.opened_backup(one, folder)
        strange, limit = restore_backup.strange_sources(one, manifest), restore_backup.transactional(one)
        parts = asyncio.run(restore_backup.waiting(one, folder, manifest))
        for part in parts:
            if not part.there:
                asyncio.run(restore_backup.restore(one, part, limit))
            done = "was there already" if part.there else "restored and read back"
            click.echo(f"partition {part.number}: {len(part.rows)} rows, {len(part.measures)} measures: {done}")
    click.echo(f"as of {manifest.taken}: a worker goes on from there")
    for topic in strange:
        accept = f"safeclock admin accept-source-reset {topic} --from beginning|end"
        click.echo(f"{topic} was made anew since: a worker stops until `{accept}`")
