"""The commands `publish` and `simulate`."""

import json
import os
import signal
import sys
from math import inf
from pathlib import Path
from typing import Any

import click

from streams.edge.cli_options import (
    FILES_ARGUMENT,
    REGISTRY_OPTION,
    exit_with_usage_error,
    parse_instant,
    registry_from_option,
)

_INTERRUPTED_MESSAGE = "interrupted, and it is not known what was acknowledged: run the command again, a line that is sent twice counts once"


def _parse_rate(_context: click.Context, _parameter: click.Parameter, rate: float | None) -> float | None:
    if rate is not None and not 0 < rate < inf:  # The comparison is false for NaN, too.
        raise click.BadParameter("expected a finite number of reports per second above 0")
    return rate


@click.command()
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--weeks", type=click.IntRange(1, 520), default=13, show_default=True)
@click.option(
    "--reports",
    type=click.IntRange(1),
    default=150_000,
    show_default=True,
    help="Approximate number of reports of all platforms; the output has about twice as many lines, and heartbeats.",
)
@click.option(
    "--start",
    callback=parse_instant,
    default="2026-01-05T00:00:00Z",
    show_default=True,
    help="First instant of the history.",
)
@click.option(
    "--week-autocorrelation",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    help="Correlation of a platform's speed in one week with that in the week before.",
)
@click.option(
    "--season",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Amplitude of a yearly wave on the logarithm of all durations.",
)
@click.option(
    "--clusters",
    type=click.Choice(["mild", "heavy"]),
    default="mild",
    show_default=True,
    help="How many people report one item: about 1.2 or about 5.5 on average.",
)
@click.option("--truth", type=click.Path(path_type=Path, dir_okay=False), help="Write the ground truth to this file.")
@click.option("--events/--no-events", default=True, help="Write events, or only the ground truth.")
@click.option(
    "--live", type=float, callback=_parse_rate, help="Continue in real time, without end, at this rate per second."
)
def simulate(truth: Path | None, live: float | None, *, events: bool, **options: Any) -> None:  # noqa: ANN401 - numbers and a word
    """Write events of eight simulated platforms with known effects to standard output."""
    from producers.simulation import traffic
    from producers.simulation.ground_truth import ground_truth as planted
    from producers.simulation.model.config import SimulationConfig
    from producers.simulation.model.difficulty import CLUSTERS, Difficulty

    config = SimulationConfig(
        seed=options["seed"],
        start_ms=options["start"],
        weeks=options["weeks"],
        reports=options["reports"],
        difficulty=Difficulty(
            week_autocorrelation=options["week_autocorrelation"],
            season=options["season"],
            clusters=CLUSTERS[options["clusters"]],
        ),
    )
    if truth is not None:
        try:
            truth.write_text(json.dumps(planted(config), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            exit_with_usage_error(f"--truth {truth}: expected a writable file: {error.strerror}")
    if not events:
        return
    out = click.get_binary_stream("stdout")
    if live is None:
        out.writelines(traffic.history_lines(config))
    else:
        traffic.write_live(config.with_live_traffic(live), out)


@click.command()
@FILES_ARGUMENT
@REGISTRY_OPTION
@click.option("--bootstrap", help="HOST:PORT of the broker. Default: SAFECLOCK_PUBLISH_BOOTSTRAP, 127.0.0.1:9092.")
@click.option("--from-line", type=click.IntRange(1), default=1, show_default=True, help="Send from this line on.")
@click.option("--history", is_flag=True, help="Use each line's recordedtime, or its time, as log time.")
@click.option(
    "--skip-refused",
    is_flag=True,
    help="Leave out refused lines and the heartbeats that would cover them; exits with 1.",
)
@click.option("--dry-run", is_flag=True, help="Check the lines and send nothing.")
@click.option("--unchecked", is_flag=True, hidden=True, help="Send lines without a check, for the simulator's lines.")
def publish(files: tuple[Path, ...], registry: Path | None, bootstrap: str | None, **options: Any) -> None:  # noqa: ANN401 - flags
    """Publish FILES of JSON lines (or standard input); safe to run again.

    Wrong lines are refused before they are sent. Exits with 0, with 1 if a line was refused or not acknowledged or the
    broker could not be used, and with 2 if options or settings are wrong.
    """
    from dataclasses import replace

    from producers.publisher.errors import BrokerError, SettingsError
    from producers.publisher.settings import PublisherSettings
    from producers.publisher.upload.console import print_result, print_target
    from producers.publisher.upload.request import UploadRequest
    from streams.contract.settings.environment import BadSettingsError
    from streams.contract.settings.log_settings import load_log_settings
    from streams.edge.logs.configuration import configure_logging

    unchecked = options.pop("unchecked")
    try:
        settings = PublisherSettings.from_environment(os.environ)
        settings = settings if bootstrap is None else replace(settings, bootstrap=bootstrap)
        configure_logging(load_log_settings(os.environ), "publish", settings.bootstrap, settings.access)
        request = UploadRequest(settings=settings, registry=registry_from_option(registry), paths=files, **options)
        print_target(request)
        result = _run_upload(request, is_unchecked=unchecked)
    except (SettingsError, BadSettingsError, OSError) as error:
        exit_with_usage_error(error)
    except BrokerError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        raise click.ClickException(_INTERRUPTED_MESSAGE) from None
    print_result(result)
    sys.exit(result.exit_code)


def _run_upload(request: Any, *, is_unchecked: bool) -> Any:  # noqa: ANN401 - their types are imported lazily
    """Run the upload; SIGTERM interrupts it, and exits the process if that takes too long."""
    from producers.publisher.upload.console import show_progress
    from producers.publisher.upload.request import publish_blocks, publish_files
    from streams.edge.files.line_blocks import read_blocks
    from streams.edge.shutdown import exit_after

    def interrupt(_number: int, _frame: object) -> None:
        exit_after(f"Error: {_INTERRUPTED_MESSAGE}")
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGTERM, interrupt)
    # A shell starts background processes with SIGINT ignored, which would make SIGTERM ineffective here, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with show_progress(request) as progress:
        if is_unchecked:
            return publish_blocks(request, read_blocks(request.paths), progress, is_prevalidated=True)
        return publish_files(request, progress)
