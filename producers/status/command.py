"""The command `status`."""

import os
import sys
from pathlib import Path

import click

from streams.edge.cli_options import REGISTRY_OPTION, exit_with_usage_error, parse_instant, registry_from_option


@click.command()
@click.option("--platform", required=True, metavar="ID", help="Whose events: the `id` in the registry.")
@REGISTRY_OPTION
@click.option("--bootstrap", help="HOST:PORT of the broker. Default: SAFECLOCK_PUBLISH_BOOTSTRAP, 127.0.0.1:9092.")
@click.option("--since", callback=parse_instant, help="Only refusals of records that arrived at this instant or later.")
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    help="Wait up to so many seconds until all that was published was read.",
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def status(  # noqa: PLR0913, PLR0917 - a command's flags
    platform: str, registry: Path | None, bootstrap: str | None, since: int | None, wait: float, form: str
) -> None:
    """Tell what became of a platform's events: how many were accepted, which were refused, how far workers are.

    It signs in as `publish` does and reads the platform's own feedback topic. Ends with 0 when all was read and none is
    refused, with 1 when something was refused, with 2 when it was called wrongly, and with 3 when it cannot be told: no
    broker, no right, or records that no worker has read yet.
    """
    import asyncio

    from msgspec import json

    from producers.publisher.errors import BrokerError, SettingsError
    from producers.publisher.settings import PublisherSettings
    from producers.status.feedback_reader import Question, read
    from producers.status.feedback_summary import exit_status, summary
    from producers.status.feedback_topics import UnsharedError, topics_of
    from producers.status.status_text import lines
    from streams.edge.exit_codes import UNKNOWN

    try:
        given = {} if bootstrap is None else {"SAFECLOCK_PUBLISH_BOOTSTRAP": bootstrap}
        settings = PublisherSettings.from_environment({**os.environ, **given})
        topics = topics_of(platform, None if registry is None else registry_from_option(registry))
    except (SettingsError, UnsharedError) as error:
        exit_with_usage_error(error)
    try:
        answer = asyncio.run(read(Question(settings, *topics, wait)))
    except BrokerError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(UNKNOWN)
    document = summary(platform, answer.told, answer.ends, since)
    if form == "json":
        click.echo(json.format(json.encode(document), indent=2).decode())
    else:
        click.echo("\n".join(lines(document)))
    sys.exit(exit_status(document))
