"""The command `replay`."""

import click

from streams.admin.commands.common import REACHED, failing, settings_of
from streams.domain.vocabulary import Reason
from streams.edge.cli_options import parse_instant, with_options


@click.command()
@click.option("--refused", is_flag=True, required=True, help="What was refused: the one thing that can be replayed.")
@with_options(REACHED)
@click.option("--record-time", help="Whose stamps count: log or create (SAFECLOCK_RECORD_TIME).")
@click.option(
    "--reason", multiple=True, type=click.Choice([str(reason) for reason in Reason]), help="Only what was refused so."
)
@click.option("--since", callback=parse_instant, help="Only records of this instant or later.")
@click.option("--dry-run", is_flag=True, help="Only count.")
def replay(reason: tuple[str, ...], since: int | None, *, refused: bool, dry_run: bool, **given: str | None) -> None:
    """Read refused events again and publish those that today's decoder accepts; safe to run again.

    It writes to the platforms' topics and needs the right to.
    """
    import asyncio

    from streams.admin.replay.replay import Errand
    from streams.admin.replay.replay import replay as again
    from streams.admin.replay.selection import Asked, told
    from streams.admin.topic_reader import Link
    from streams.contract.events.decoder import EventDecoder
    from streams.edge.clock import wall_clock_ms
    from streams.runtime.bootstrap import registry_of
    from streams.runtime.settings import RecordTime

    assert refused
    with failing():
        settings = settings_of(given)
        registry = registry_of(settings)
        kept = settings.record_time is RecordTime.CREATE
        link = Link(settings.bootstrap, settings.access)
        errand = Errand(link, registry, EventDecoder(registry), wall_clock_ms(), own_stamps=kept)
        done = asyncio.run(again(errand, Asked(frozenset(map(Reason, reason)), since or 0), dry=dry_run))
    click.echo("\n".join(told(done.tally, done.left)))
    if done.strange:
        click.echo(
            f"passed {done.strange} records or batches of event-refused that tell of no refusal or cannot be read"
        )
    click.echo("nothing was published: a dry run" if dry_run else f"published again: {done.published}")
