"""The command `replay`."""

import click

from streams.admin.commands.common import BROKER_OPTIONS, exit_on_error, load_admin_settings
from streams.domain.vocabulary import RefusalReason
from streams.edge.cli_options import parse_instant, with_options


@click.command()
@click.option(
    "--refused", is_flag=True, required=True, help="Replay refused events (required; nothing else can be replayed)."
)
@with_options(BROKER_OPTIONS)
@click.option("--record-time", help="Which record timestamps to use: log or create (SAFECLOCK_RECORD_TIME).")
@click.option(
    "--reason",
    multiple=True,
    type=click.Choice([str(reason) for reason in RefusalReason]),
    help="Only events that were refused for this reason.",
)
@click.option("--since", callback=parse_instant, help="Only records logged at this instant or later.")
@click.option("--dry-run", is_flag=True, help="Only count, publish nothing.")
def replay(reason: tuple[str, ...], since: int | None, *, refused: bool, dry_run: bool, **flags: str | None) -> None:
    """Read refused events again and publish those that are accepted now; the command can be run again.

    It needs the right to write to the platforms' topics.
    """
    import asyncio

    from streams.admin.replay.replay import ReplayRequest
    from streams.admin.replay.replay import replay as replay_records
    from streams.admin.replay.selection import Selection, summary_lines
    from streams.admin.topic_reader import BrokerAddress
    from streams.contract.events.decoder import EventDecoder
    from streams.edge.clock import wall_clock_ms
    from streams.runtime.bootstrap import load_registry
    from streams.runtime.settings import RecordTime

    assert refused
    with exit_on_error():
        settings = load_admin_settings(flags)
        registry = load_registry(settings)
        keeps_timestamps = settings.record_time is RecordTime.CREATE
        address = BrokerAddress(settings.bootstrap, settings.access)
        request = ReplayRequest(
            address, registry, EventDecoder(registry), wall_clock_ms(), keeps_timestamps=keeps_timestamps
        )
        summary = asyncio.run(
            replay_records(request, Selection(frozenset(map(RefusalReason, reason)), since or 0), is_dry_run=dry_run)
        )
    click.echo("\n".join(summary_lines(summary.counts, summary.left_out)))
    if summary.unreadable:
        click.echo(
            f"skipped {summary.unreadable} records or batches of event-refused that are no refusals or cannot be read"
        )
    click.echo("nothing was published (dry run)" if dry_run else f"published again: {summary.published}")
