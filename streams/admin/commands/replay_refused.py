"""The command `replay`."""

import click

from streams.admin.commands.common import BROKER_OPTIONS, exit_on_error, load_admin_settings
from streams.domain.vocabulary import Reason
from streams.edge.cli_options import parse_instant, with_options


@click.command()
@click.option("--refused", is_flag=True, required=True, help="What was refused: the one thing that can be replayed.")
@with_options(BROKER_OPTIONS)
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

    from streams.admin.replay.replay import ReplayRequest
    from streams.admin.replay.replay import replay as again
    from streams.admin.replay.selection import Selection, summary_lines
    from streams.admin.topic_reader import BrokerAddress
    from streams.contract.events.decoder import EventDecoder
    from streams.edge.clock import wall_clock_ms
    from streams.runtime.bootstrap import load_registry
    from streams.runtime.settings import RecordTime

    assert refused
    with exit_on_error():
        settings = load_admin_settings(given)
        registry = load_registry(settings)
        kept = settings.record_time is RecordTime.CREATE
        link = BrokerAddress(settings.bootstrap, settings.access)
        errand = ReplayRequest(link, registry, EventDecoder(registry), wall_clock_ms(), keeps_timestamps=kept)
        done = asyncio.run(again(errand, Selection(frozenset(map(Reason, reason)), since or 0), is_dry_run=dry_run))
    click.echo("\n".join(summary_lines(done.counts, done.left_out)))
    if done.unreadable:
        click.echo(
            f"passed {done.unreadable} records or batches of event-refused that tell of no refusal or cannot be read"
        )
    click.echo("nothing was published: a dry run" if dry_run else f"published again: {done.published}")
