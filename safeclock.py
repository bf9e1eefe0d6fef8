"""The command line and the public library: `from safeclock import Publisher, Registry, Identity, measure, check`.

Commands and library names are imported when they are asked for, so that `safeclock --help` starts at once. Every other
module of the project is internal and may change.
"""

import os
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from typing_extensions import override

from streams.edge.cli_options import exit_with_usage_error, flags_by_variable, with_options

if TYPE_CHECKING:  # a type checker cannot see through the lazy import below
    from producers.publisher.identity import Identity
    from producers.publisher.publisher import Publisher
    from producers.publisher.settings import PublisherSettings
    from streams.batch.library import check, measure
    from streams.contract.registry.file import read_registry
    from streams.contract.registry.registry import Registry

__all__ = ["Identity", "Publisher", "PublisherSettings", "Registry", "check", "main", "measure", "read_registry"]

_LIBRARY_MODULES = {
    "Identity": "producers.publisher.identity",
    "Publisher": "producers.publisher.publisher",
    "PublisherSettings": "producers.publisher.settings",
    "Registry": "streams.contract.registry.registry",
    "check": "streams.batch.library",
    "measure": "streams.batch.library",
    "read_registry": "streams.contract.registry.file",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - classes and functions of several modules
    """Import a name of the library when it is first used."""
    if name not in _LIBRARY_MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LIBRARY_MODULES[name]), name)


class _CommandGroup(click.Group):
    """The commands of this file, and those of other modules, which are imported on demand."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_COMMAND_MODULES])

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMAND_MODULES:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(_COMMAND_MODULES[cmd_name]), cmd_name)
        return command


_COMMAND_MODULES = {
    "admin": "streams.admin.commands",
    "check": "streams.batch.commands",
    "clocks": "streams.batch.commands",
    "measure": "streams.batch.commands",
    "publish": "producers.commands",
    "replay": "streams.admin.commands",
    "simulate": "producers.commands",
    "status": "producers.status.command",
    "verdicts": "streams.batch.verdicts.commands",
}


_VARIABLES_READ_ELSEWHERE = (
    *("SAFECLOCK_BEHIND_TLS", "SAFECLOCK_REGISTRY_FILE", "SAFECLOCK_SECRETS"),  # docker-compose.yml
    *("SAFECLOCK_REQUIRE", "SAFECLOCK_TEST_BROKER"),  # tests
)


@click.group(cls=_CommandGroup)
@click.version_option(package_name="safeclock")
def main() -> None:
    """Measure what platforms declare about how fast they act on child-safety reports."""
    # This is a warning and no error, since an orchestrator may derive variables from a service of our name.
    for warning in _unknown_variable_warnings([name for name in os.environ if name.startswith("SAFECLOCK_")]):
        click.echo(f"Warning: {warning}", err=True)


def _unknown_variable_warnings(names: list[str]) -> list[str]:
    """Return a sentence for each variable with our prefix that nothing reads; without variables nothing is imported."""
    if not names:
        return []
    from dashboards.board import settings as board
    from producers.publisher import settings as publisher
    from streams.contract.settings.environment import unknown_variables
    from streams.runtime import failpoints
    from streams.runtime import settings as worker

    known = {*worker.VARIABLES, *board.VARIABLES, *publisher.VARIABLES, failpoints.VARIABLE, *_VARIABLES_READ_ELSEWHERE}
    checked = [name for name in names if not name.startswith(publisher.PREFIX)]  # a publisher checks its own variables
    return list(unknown_variables(checked, known))


_SERVICE_OPTIONS = (
    click.option("--bootstrap", help="HOST:PORT of the broker (SAFECLOCK_BOOTSTRAP)."),
    click.option("--registry", help="TOML file that names the platforms (SAFECLOCK_REGISTRY)."),
    click.option("--packs", help="TOML files with clocks, separated by commas (SAFECLOCK_PACKS)."),
    click.option("--declarations", help="Declarations of verdicts, separated by commas (SAFECLOCK_DECLARATIONS)."),
    click.option("--http-host", help="Address of health and metrics (SAFECLOCK_HTTP_HOST); default: loopback."),
    click.option("--http-port", help="Port of health and metrics (SAFECLOCK_HTTP_PORT); 0: any free port."),
)


@main.command()
@with_options(_SERVICE_OPTIONS)
@click.option("--record-time", help="Timestamps that count as log time: log or create (SAFECLOCK_RECORD_TIME).")
@click.option("--journal", help="How results are committed: auto, transactions or append (SAFECLOCK_JOURNAL).")
@click.option("--retention-days", help="How long the rows of ended reports are retained (SAFECLOCK_RETENTION_DAYS).")
def worker(**options: str | None) -> None:
    """Run a worker, which reads events and writes measures. Stops in order on SIGTERM; exits with 1 on any failure."""
    from streams.edge.shutdown import exits_on_stop_signal

    with exits_on_stop_signal():
        _run_worker(options)


def _run_worker(options: dict[str, str | None]) -> None:
    from streams.contract.settings.environment import BadSettingsError
    from streams.contract.toml_reader import TomlFileError
    from streams.domain.clocks.clock_history import ClockError
    from streams.edge.logs.configuration import configure_logging
    from streams.runtime.bootstrap import build_worker_dependencies
    from streams.runtime.settings import load_settings
    from streams.runtime.worker import main as work

    try:
        settings = load_settings(os.environ, flags_by_variable(options))
        configure_logging(settings.log, "worker", settings.bootstrap, settings.access)
        dependencies = build_worker_dependencies(settings)
    except (BadSettingsError, TomlFileError, ClockError, OSError) as error:
        exit_with_usage_error(error)
    work(settings, dependencies)


@main.command()
@with_options(_SERVICE_OPTIONS)
@click.option("--refresh-ms", help="Interval at which figures are estimated (SAFECLOCK_REFRESH_MS).")
def board(**options: str | None) -> None:
    """Run a board, which adds up the measures of all workers and exports the product metrics."""
    from streams.edge.shutdown import exits_on_stop_signal

    with exits_on_stop_signal():
        _run_board(options)


def _run_board(options: dict[str, str | None]) -> None:
    import logging

    from aiokafka.errors import KafkaError

    from dashboards.board.process import run_board
    from dashboards.board.settings import load_settings
    from streams.contract.settings.environment import BadSettingsError
    from streams.contract.settings.kafka_security import KafkaSecurityError
    from streams.contract.toml_reader import TomlFileError
    from streams.domain.clocks.clock_history import ClockError
    from streams.edge.exit_codes import FAILURE
    from streams.edge.http_server.listener import AddressError
    from streams.edge.kafka_client.login_check import NoBrokerError, describe_error
    from streams.edge.logs.configuration import configure_logging

    try:
        settings = load_settings(os.environ, flags_by_variable(options))
        configure_logging(settings.log, "board", settings.bootstrap, settings.access)
        run_board(settings)
    except (NoBrokerError, KafkaSecurityError, AddressError, KafkaError) as error:
        logging.getLogger("dashboards.board").critical("the board stopped: %s", describe_error(error))
        sys.exit(FAILURE)
    except (BadSettingsError, TomlFileError, ClockError, OSError) as error:
        exit_with_usage_error(error)
    except Exception:
        logging.getLogger("dashboards.board").critical("the board failed", exc_info=True)
        sys.exit(FAILURE)


@main.command(hidden=True)
@click.option("--port", type=int, default=0)
def broker(port: int) -> None:
    """Run the embedded broker for the demo and for tests, until it is interrupted."""
    from streams.runtime.kafka.embedded_broker import EmbeddedBrokerUnavailableError, embedded_broker

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with embedded_broker(port) as address:
            click.echo(address)
            stopped.wait()
    except EmbeddedBrokerUnavailableError as error:
        exit_with_usage_error(error)


@main.command()
@click.option("--for", "seconds", type=click.FloatRange(min=1), help="Stop after this number of seconds.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the figures into this file, as JSON.",
)
def demo(seconds: float | None, json_file: Path | None) -> None:
    """Measure eight invented platforms, and check whether Safeclock finds how they are made to behave."""
    from dashboards.demo.demo import DemoOptions, run_demo

    sys.exit(run_demo(DemoOptions(seconds=seconds, json_file=json_file)))


if __name__ == "__main__":
    main()
