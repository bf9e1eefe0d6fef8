"""The operator's commands; what they do is imported when they are asked for."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from typing_extensions import override

from streams.domain.vocabulary import Reason

CHANGES = 2
"""The exit status of a plan that has something to change; 0: nothing, 1: it cannot be told or is refused."""


class _Group(click.Group):
    """Commands whose status 2 says that there is something to change: a wrong call must end with another one."""

    @override
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            error.exit_code = 1
            raise


@contextmanager
def _failing() -> Iterator[None]:
    """Say in one message what went wrong, and end with 1."""
    from aiokafka.errors import KafkaError as StreamError
    from kafka.errors import KafkaError

    from streams.admin.errors import OperatingError
    from streams.contract.environment import BadSettingsError
    from streams.contract.registry_file import RegistryError
    from streams.runtime.ground import BadGroundError

    try:
        yield
    except (OperatingError, BadSettingsError, RegistryError, BadGroundError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except (KafkaError, StreamError) as error:
        raise click.ClickException(f"the broker: {type(error).__name__}: {error}") from error


def _flags(given: dict[str, str | None]) -> dict[str, str | None]:
    """Return flags by the names of the variables that they stand for."""
    return {f"SAFECLOCK_{name.upper()}": text for name, text in given.items()}


_REACHED = (
    click.option("--bootstrap", help="HOST:PORT of the broker (SAFECLOCK_BOOTSTRAP)."),
    click.option("--registry", help="TOML file that names the platforms (SAFECLOCK_REGISTRY)."),
    click.option("--application", help="Name of the application (SAFECLOCK_APPLICATION)."),
)
_PLANNED = (
    *_REACHED,
    click.option("--record-time", help="Whose stamps count: log or create (SAFECLOCK_RECORD_TIME)."),
    click.option("--replication", type=click.IntRange(1), default=3, show_default=True, help="Brokers per record."),
    click.option("--worker-principal", default="User:safeclock-worker", show_default=True),
    click.option("--board-principal", default="User:safeclock-board", show_default=True),
    click.option(
        "--passwords",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="Folder with a file per user, named after the user, that holds the password.",
    ),
    click.option(
        "--passwords-from", metavar="PREFIX", help="Variables with passwords: PREFIX and the user, A_B for a-b."
    ),
    click.option("--renew", multiple=True, metavar="USER", help="Set this user's password anew."),
    click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True),
)


def _with(options: tuple[Any, ...]) -> Callable[[Any], Any]:  # click's decorators are untyped
    def decorate(command: Any) -> Any:  # noqa: ANN401
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.group(cls=_Group)
def admin() -> None:
    """Set up topics, rights and users, and decide what only an operator may."""


def _order(given: dict[str, Any]) -> Any:  # noqa: ANN401 - its type is imported lazily
    from streams.admin.applying import Order
    from streams.admin.passwords import Passwords
    from streams.admin.settings import load_operator
    from streams.admin.wanted import Parties

    parties = Parties(given.pop("worker_principal"), given.pop("board_principal"))
    passwords = Passwords(os.environ, given.pop("passwords"), given.pop("passwords_from"))
    replication, renewed = given.pop("replication"), given.pop("renew")
    return Order(load_operator(os.environ, _flags(given)), replication, parties, passwords, renewed)


@admin.command()
@_with(_PLANNED)
def plan(form: str, **given: Any) -> None:  # noqa: ANN401 - flags
    """Say what differs from what the broker should have: topics, their settings, rights, users.

    Ends with 0 when there is nothing to change, with 2 when there is, and with 1 when something stands in the way.
    """
    from streams.admin.applying import ideal, planned
    from streams.admin.cluster import Cluster
    from streams.admin.words import document, told

    with _failing():
        order = _order(given)
        wanted = ideal(order)
        with Cluster(order.operator.settings.bootstrap, order.operator.access.options()) as cluster:
            found = planned(cluster, wanted)
    click.echo(json.dumps(document(found), indent=2) if form == "json" else "\n".join(told(found)))
    sys.exit(1 if found.refused else CHANGES if found.changes else 0)


@admin.command()
@_with(_PLANNED)
def apply(form: str, **given: Any) -> None:  # noqa: ANN401 - flags
    """Change what `plan` says, and say what was done. Ends with 1 when something could not be."""
    from streams.admin.applying import applied, ideal, planned
    from streams.admin.cluster import Cluster
    from streams.admin.words import document_of, outcome, told

    with _failing():
        order = _order(given)
        wanted = ideal(order)
        with Cluster(order.operator.settings.bootstrap, order.operator.access.options()) as cluster:
            found = planned(cluster, wanted)
            if form == "text":
                click.echo("\n".join(told(found)))
            done = applied(found.changes, lambda change: cluster.change(change, order.passwords.of))
    if form == "json":
        click.echo(json.dumps(document_of(found, done), indent=2))
    elif done:
        click.echo("\n".join(outcome(done)))
    sys.exit(1 if found.refused or any(each.problem for each in done) else 0)


@admin.command("accept-source-reset")
@click.argument("topic")
@_with(_REACHED)
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

    Run it where a worker could run, and while none does. Ends with 0 when it is done or nothing needs it, with 2 when
    `--yes` is missing.
    """
    import asyncio

    from streams.admin.accept import accept, cases, staged, unowned
    from streams.admin.acceptance import Where
    from streams.runtime.compose import registry_of
    from streams.runtime.settings import load

    with _failing():
        settings = load(os.environ, _flags(given))
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
            sys.exit(CHANGES)
        else:
            unowned(stage, topic, [case.number for case in found])
            for case in found:
                asyncio.run(accept(stage, case, Where(where)))
                click.echo(f"{topic} {case.number}: accepted")


def _instant(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int:
    """Read an RFC 3339 instant with an offset, in epoch milliseconds; 0 where there is none."""
    from streams.contract.instants import parse

    try:
        return 0 if text is None else parse(text)
    except ValueError as error:
        raise click.BadParameter("expected an instant with an offset, such as 2026-01-31T00:00:00Z") from error


@click.command()
@click.option("--refused", is_flag=True, required=True, help="What was refused: the one thing that can be replayed.")
@_with(_REACHED)
@click.option("--record-time", help="Whose stamps count: log or create (SAFECLOCK_RECORD_TIME).")
@click.option(
    "--reason", multiple=True, type=click.Choice([str(reason) for reason in Reason]), help="Only what was refused so."
)
@click.option("--since", callback=_instant, help="Only records of this instant or later.")
@click.option("--dry-run", is_flag=True, help="Only count.")
def replay(reason: tuple[str, ...], since: int, *, refused: bool, dry_run: bool, **given: str | None) -> None:
    """Read refused events again and publish those that today's decoder accepts; safe to run again.

    It writes to the platforms' topics and needs the right to.
    """
    import asyncio
    import time

    from streams.admin.logs import Link
    from streams.admin.refusals import Asked, told
    from streams.admin.replay import Errand
    from streams.admin.replay import replay as again
    from streams.admin.settings import load_operator
    from streams.contract.decode import Decoder
    from streams.runtime.compose import registry_of
    from streams.runtime.settings import RecordTime

    assert refused
    with _failing():
        operator = load_operator(os.environ, _flags(given))
        registry = registry_of(operator.settings)
        kept = operator.settings.record_time is RecordTime.CREATE
        now = None if kept else time.time_ns() // 1_000_000
        errand = Errand(Link(operator.settings.bootstrap, operator.access.options()), registry, Decoder(registry), now)
        done = asyncio.run(again(errand, Asked(frozenset(map(Reason, reason)), since), dry=dry_run))
    click.echo("\n".join(told(done.tally, done.left)))
    click.echo("nothing was published: a dry run" if dry_run else f"published again: {done.published}")


def _house(given: dict[str, str | None], *, as_worker: bool) -> Any:  # noqa: ANN401 - its type is imported lazily
    """Return the application; a restore takes partitions as a worker does, and so reaches the broker as one."""
    from streams.admin.backup import house
    from streams.admin.logs import Link
    from streams.admin.settings import load_operator
    from streams.runtime.compose import registry_of

    operator = load_operator(os.environ, _flags(given))
    link = Link(operator.settings.bootstrap, {} if as_worker else operator.access.options())
    return house(link, operator.settings.application, registry_of(operator.settings))


@admin.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@_with(_REACHED)
def backup(folder: Path, **given: str | None) -> None:
    """Write what workers know, the changelog and `measures`, to a new FOLDER; workers may go on meanwhile."""
    import asyncio
    import time

    from streams.admin.backup import backup as keep
    from streams.admin.backup import ids

    with _failing():
        one = _house(given, as_worker=False)
        kept = asyncio.run(keep(one, folder, ids(one), time.time_ns() // 1_000_000))
    click.echo("\n".join(each.told() for each in kept))
    click.echo(f"{sum(part.rows for each in kept for part in each.parts)} rows in {folder}")


@admin.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_with(_REACHED)
def restore(folder: Path, **given: str | None) -> None:
    """Bring a backup in FOLDER into empty topics; nothing is written unless it is whole and they are empty.

    Run it where a worker could run, and while none does. What is there already stays, so it is safe to run again.
    """
    import asyncio

    from streams.admin import restoring

    with _failing():
        one = _house(given, as_worker=True)
        manifest = restoring.opened_backup(one, folder)
        strange, limit = restoring.strange_sources(one, manifest), restoring.transactional(one)
        parts = asyncio.run(restoring.waiting(one, folder, manifest))
        for part in parts:
            if not part.there:
                asyncio.run(restoring.restore(one, part, limit))
            done = "was there already" if part.there else "restored and read back"
            click.echo(f"partition {part.number}: {len(part.rows)} rows, {len(part.measures)} measures: {done}")
    click.echo(f"as of {manifest.taken}: a worker goes on from there")
    for topic in strange:
        click.echo(f"{topic} was made anew since: a worker stops until `safeclock admin accept-source-reset {topic}`")
