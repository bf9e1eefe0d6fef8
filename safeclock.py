"""The command line: one command per job, imported when it is asked for."""

import os
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click
from typing_extensions import override


class _Commands(click.Group):
    """This file's commands, and those that live beside what they do."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        found: click.Command = getattr(import_module(_ELSEWHERE[cmd_name]), cmd_name)
        return found


_ELSEWHERE = {
    "admin": "streams.admin.commands",
    "clocks": "streams.batch.commands",
    "replay": "streams.admin.commands",
}


@click.group(cls=_Commands)
@click.version_option(package_name="safeclock")
def main() -> None:
    """Measure what platforms declare about how fast they act on child-safety reports."""


def _fail(problem: object) -> NoReturn:
    """End with the usage status after saying what is wrong."""
    raise click.UsageError(str(problem))


def _instant(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    """Read an RFC 3339 instant with an offset, in epoch milliseconds."""
    from datetime import datetime

    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("expected an instant such as 2026-01-31T00:00:00Z") from error
    if instant.tzinfo is None:
        raise click.BadParameter("expected an instant with an offset, such as 2026-01-31T00:00:00Z")
    return round(instant.timestamp() * 1000)


def _registry(path: Path | None) -> Any:  # noqa: ANN401 - its type is imported lazily
    """Return the registry of a file; without one, every platform is accepted."""
    from streams.contract.registry import Registry
    from streams.contract.registry_file import RegistryError, load

    try:
        return Registry.open() if path is None else load(path)
    except (RegistryError, OSError) as error:
        _fail(error)


def _rulebook(paths: tuple[Path, ...], registry: Any) -> Any:  # noqa: ANN401 - types are imported lazily
    """Return the standard rules with those of packs."""
    from streams.contract.pack_file import PackError, rulebook_of
    from streams.domain.roster import ClockError

    try:
        return rulebook_of(paths, registry)
    except (PackError, ClockError, OSError) as error:
        _fail(error)


_FILES = click.argument(
    "files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
)
_REGISTRY = click.option(
    "--registry",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file that names the platforms.",
)

_PACKS = click.option(
    "--pack",
    "packs",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file with clocks to measure by, beside the standard ones; may be given more than once.",
)


@main.command()
@_FILES
@click.option("--by", default="platform", show_default=True, help="Labels to group by, joined by commas.")
@click.option("--as-of", callback=_instant, help="Leave out what happened later. Default: the newest accepted time.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@_REGISTRY
@_PACKS
def measure(files: tuple[Path, ...], by: str, as_of: int | None, form: str, **rules: Any) -> None:  # noqa: ANN401 - files
    """Measure FILES of JSON lines (or standard input) with the ledger that the worker runs."""
    from streams.batch.lines import progressing
    from streams.batch.measure import measure as figures
    from streams.batch.print import show
    from streams.batch.reading import read
    from streams.domain.figures import UnknownLabelError, grouping

    labels = by.split(",")
    try:
        grouping(labels)
    except UnknownLabelError as error:
        _fail(error)
    registry = _registry(rules["registry"])
    rulebook = _rulebook(rules["packs"], registry)
    with progressing(files) as lines:
        document = figures(read(lines, registry, as_of, rulebook), labels)
    show(document, labels, form)


@main.command()
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--weeks", type=click.IntRange(1, 520), default=13, show_default=True)
@click.option(
    "--reports", type=click.IntRange(1), default=150_000, show_default=True, help="About how many, all platforms."
)
@click.option(
    "--start", callback=_instant, default="2026-01-05T00:00:00Z", show_default=True, help="The first instant."
)
@click.option("--truth", type=click.Path(path_type=Path, dir_okay=False), help="Write what was planted to this file.")
@click.option("--events/--no-events", default=True, help="Write events, or only what was planted.")
@click.option("--live", type=float, help="Go on without end, in real time, with so many reports a second.")
def simulate(truth: Path | None, live: float | None, *, events: bool, **span: int) -> None:
    """Write the events of eight invented platforms to standard output, with planted truths."""
    import json

    from producers.simulation import stream
    from producers.simulation.plan import Plan
    from producers.simulation.truth import truth as planted

    plan = Plan(seed=span["seed"], start_ms=span["start"], weeks=span["weeks"], reports=span["reports"])
    if truth is not None:
        truth.write_text(json.dumps(planted(plan), indent=2) + "\n", encoding="utf-8")
    if not events:
        return
    out = click.get_binary_stream("stdout")
    if live is None:
        out.writelines(stream.history(plan))
    else:
        stream.write_live(plan.going_live(live), out)


@main.command()
@_FILES
@_REGISTRY
@click.option("--bootstrap", help="HOST:PORT of the broker. Default: SAFECLOCK_PUBLISH_BOOTSTRAP, 127.0.0.1:9092.")
@click.option("--from-line", type=click.IntRange(1), default=1, show_default=True, help="Go on from this line.")
@click.option("--history", is_flag=True, help="Take each line as told at its recordedtime, else at its time.")
@click.option("--skip-refused", is_flag=True, help="Leave refused lines out instead of sending nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent.")
@click.option("--unchecked", is_flag=True, hidden=True, help="The maker of the lines answers for them: a simulator.")
def publish(files: tuple[Path, ...], registry: Path | None, bootstrap: str | None, **how: Any) -> None:  # noqa: ANN401 - flags
    """Publish FILES of JSON lines (or standard input); safe to run again.

    Bad lines are refused before they leave. Ends with 0, or with 1 when something was refused or not acknowledged.
    """
    from dataclasses import replace

    from producers.publisher.errors import BrokerError, SettingsError
    from producers.publisher.files import Order, publish_blocks
    from producers.publisher.files import publish as publish_files
    from producers.publisher.lines import blocks
    from producers.publisher.settings import PublisherSettings
    from producers.publisher.talk import announce, progressing, tell

    unchecked = how.pop("unchecked")
    try:
        settings = PublisherSettings.from_environment(os.environ)
        settings = settings if bootstrap is None else replace(settings, bootstrap=bootstrap)
        order = Order(settings=settings, registry=_registry(registry), paths=files, **how)
        announce(order)
        with progressing(order) as progress:
            if unchecked:
                published = publish_blocks(order, blocks(files), progress, good=True)
            else:
                published = publish_files(order, progress)
    except (SettingsError, OSError, BrokerError) as error:
        _fail(error)
    tell(published)
    sys.exit(published.exit_code)


@main.command()
@_FILES
@_REGISTRY
@click.option("--now", callback=_instant, help="Refuse what lies after this instant. Default: the clock's.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@_PACKS
def check(files: tuple[Path, ...], registry: Path | None, now: int | None, form: str, packs: tuple[Path, ...]) -> None:
    """Tell how FILES of JSON lines (or standard input) are understood; ends with 1 when a line is refused."""
    import json

    from producers.conformance import talk
    from producers.conformance.check import check as read
    from producers.conformance.document import document

    known = _registry(registry)
    checked = read(files or (Path("-"),), known, _now() if now is None else now, _rulebook(packs, known))
    if form == "json":
        click.echo(json.dumps(document(checked), indent=2))
    else:
        talk.tell(checked)
    sys.exit(checked.exit_code)


def _flags(given: dict[str, str | None]) -> dict[str, str | None]:
    """Return flags by the names of the variables that they stand for."""
    return {f"SAFECLOCK_{name.upper()}": text for name, text in given.items()}


_SERVED = (
    click.option("--bootstrap", help="HOST:PORT of the broker (SAFECLOCK_BOOTSTRAP)."),
    click.option("--registry", help="TOML file that names the platforms (SAFECLOCK_REGISTRY)."),
    click.option("--packs", help="TOML files with clocks, joined by commas (SAFECLOCK_PACKS)."),
    click.option("--http-host", help="Address of health and metrics (SAFECLOCK_HTTP_HOST); loopback by default."),
    click.option("--http-port", help="Their port (SAFECLOCK_HTTP_PORT); 0 is any free one."),
)


def _served(command: Any) -> Any:  # noqa: ANN401 - click's decorators are untyped
    for option in reversed(_SERVED):
        command = option(command)
    return command


@main.command()
@_served
@click.option("--record-time", help="Whose stamps count: log or create (SAFECLOCK_RECORD_TIME).")
@click.option("--journal", help="auto, transactions or append (SAFECLOCK_JOURNAL).")
@click.option("--memory-days", help="How long ended reports are remembered (SAFECLOCK_MEMORY_DAYS).")
def worker(**flags: str | None) -> None:
    """Run a worker: events in, measures out. Stops cleanly on SIGTERM; any failure ends it with 1."""
    from streams.contract.environment import BadSettingsError
    from streams.contract.tables import TablesError
    from streams.domain.roster import ClockError
    from streams.runtime.compose import trade_of
    from streams.runtime.settings import load
    from streams.runtime.worker import main as work

    _log()
    try:
        settings = load(os.environ, _flags(flags))
        trade = trade_of(settings)
    except (BadSettingsError, TablesError, ClockError, OSError) as error:
        _fail(error)
    work(settings, trade)


@main.command()
@_served
@click.option("--refresh-ms", help="How often figures are estimated anew (SAFECLOCK_REFRESH_MS).")
def board(**flags: str | None) -> None:
    """Run a board: adds up what workers measure and exports the product metrics."""
    from dashboards.board.run import run_board
    from dashboards.board.settings import load
    from streams.contract.environment import BadSettingsError
    from streams.contract.tables import TablesError
    from streams.domain.roster import ClockError

    _log()
    try:
        run_board(load(os.environ, _flags(flags)))
    except (BadSettingsError, TablesError, ClockError, OSError) as error:
        _fail(error)


@main.command(hidden=True)
@click.option("--port", type=int, default=0)
def broker(port: int) -> None:
    """Run the embedded broker until interrupted: for the demo and for tests."""
    from streams.runtime.embedded import EmbeddedBrokerUnavailableError, embedded_broker

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with embedded_broker(port) as address:
            click.echo(address)
            stopped.wait()
    except EmbeddedBrokerUnavailableError as error:
        _fail(error)


@main.command()
@click.option("--for", "seconds", type=click.FloatRange(min=1), help="Stop after so many seconds.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures here.")
def demo(seconds: float | None, json_file: Path | None) -> None:
    """Watch eight invented platforms being measured, and whether their planted truths are found."""
    from dashboards.demo.demo import Programme, run_demo

    sys.exit(run_demo(Programme(seconds=seconds, json_file=json_file)))


def _log() -> None:
    """Let a server's log go to standard error."""
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def _now() -> int:
    """Return the wall clock in epoch milliseconds."""
    import time

    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
