"""The command `safeclock status`."""

import os
import sys
from pathlib import Path

import click

from streams.edge.cli_options import REGISTRY_OPTION, exit_with_usage_error, parse_instant, registry_from_option


@click.command()
@click.option("--platform", required=True, metavar="ID", help="The platform: its `id` in the registry.")
@REGISTRY_OPTION
@click.option("--bootstrap", help="HOST:PORT of the broker. Default: SAFECLOCK_PUBLISH_BOOTSTRAP, 127.0.0.1:9092.")
@click.option("--since", callback=parse_instant, help="Only refusals of records that arrived at this instant or later.")
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    help="Wait up to this many seconds until workers have read all published records.",
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def status(  # noqa: PLR0913, PLR0917 - a command's flags
    platform: str, registry: Path | None, bootstrap: str | None, since: int | None, wait: float, form: str
) -> None:
    """Show how many events of a platform were accepted, which were refused, and how far workers have read.

    The command signs in like `publish` and reads the platform's own feedback topic. Exits with 0 if all records were
    read and none was refused, with 1 if events were refused, with 2 if options or settings are wrong, and with 3 if the
    answer is not known: no broker, no access, or records that no worker has read yet.
    """
    import asyncio

    from msgspec import json

    from producers.publisher.errors import BrokerError, SettingsError
    from producers.publisher.settings import PublisherSettings
    from producers.status.feedback_reader import StatusRequest, read_feedback
    from producers.status.feedback_summary import exit_status, summarise_feedback
    from producers.status.feedback_topics import NoFeedbackTopicError, find_topics
    from producers.status.status_text import status_lines
    from streams.edge.exit_codes import UNKNOWN

    try:
        overrides = {} if bootstrap is None else {"SAFECLOCK_PUBLISH_BOOTSTRAP": bootstrap}
        settings = PublisherSettings.from_environment({**os.environ, **overrides})
        topics = find_topics(platform, None if registry is None else registry_from_option(registry))
    except (SettingsError, NoFeedbackTopicError) as error:
        exit_with_usage_error(error)
    try:
        snapshot = asyncio.run(read_feedback(StatusRequest(settings, *topics, wait)))
    except BrokerError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(UNKNOWN)
    document = summarise_feedback(platform, snapshot.feedback, snapshot.end_offsets, since)
    if form == "json":
        click.echo(json.format(json.encode(document), indent=2).decode())
    else:
        click.echo("\n".join(status_lines(document)))
    sys.exit(exit_status(document))
