"""The commands `admin plan` and `admin apply`."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import click
from typing_extensions import override

from streams.admin.commands.common import BROKER_OPTIONS, exit_on_error, load_admin_settings
from streams.edge.cli_options import with_options
from streams.edge.exit_codes import CHANGES_PENDING, FAILURE, OK


class _PlanGroup(click.Group):
    """Commands whose status 2 says that there is something to change: a wrong call must end with another one."""

    @override
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            error.exit_code = FAILURE
            raise


_PLAN_OPTIONS = (
    *BROKER_OPTIONS,
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


@click.group(cls=_PlanGroup)
def admin() -> None:
    """Set up topics, rights and users, and decide what only an operator may."""


def _plan_options(given: dict[str, Any]) -> Any:  # noqa: ANN401 - its type is imported lazily
    from streams.admin.provisioning.apply import PlanOptions
    from streams.admin.provisioning.desired_state import Principals
    from streams.admin.provisioning.passwords import Passwords

    parties = Principals(given.pop("worker_principal"), given.pop("board_principal"))
    passwords = Passwords(os.environ, given.pop("passwords"), given.pop("passwords_from"))
    replication, renewed = given.pop("replication"), given.pop("renew")
    return PlanOptions(load_admin_settings(given), replication, parties, passwords, renewed)


@admin.command()
@with_options(_PLAN_OPTIONS)
def plan(form: str, **given: Any) -> None:  # noqa: ANN401 - flags
    """Say what differs from what the broker should have: topics, their settings, rights, users.

    Ends with 0 when there is nothing to change, with 2 when there is, and with 1 when something stands in the way.
    """
    from streams.admin.provisioning.apply import desired_for, make_plan
    from streams.admin.provisioning.cluster import ClusterAdmin
    from streams.admin.provisioning.plan_output import plan_document, plan_lines

    with exit_on_error():
        order = _plan_options(given)
        wanted = desired_for(order)
        with ClusterAdmin(order.settings.bootstrap, order.settings.access) as cluster:
            found = make_plan(cluster, wanted)
    click.echo(json.dumps(plan_document(found), indent=2) if form == "json" else "\n".join(plan_lines(found)))
    sys.exit(FAILURE if found.refused else CHANGES_PENDING if found.changes else OK)


@admin.command()
@with_options(_PLAN_OPTIONS)
def apply(form: str, **given: Any) -> None:  # noqa: ANN401 - flags
    """Change what `plan` says, and say what was done. Ends with 1 when something could not be."""
    from streams.admin.provisioning.apply import apply_changes, desired_for, make_plan
    from streams.admin.provisioning.cluster import ClusterAdmin
    from streams.admin.provisioning.plan_output import plan_lines, result_document, result_lines

    with exit_on_error():
        order = _plan_options(given)
        wanted = desired_for(order)
        with ClusterAdmin(order.settings.bootstrap, order.settings.access) as cluster:
            found = make_plan(cluster, wanted)
            if form == "text":
                click.echo("\n".join(plan_lines(found)))
            done = apply_changes(
                found.changes, lambda change: cluster.apply_change(change, order.passwords.password_for)
            )
    if form == "json":
        click.echo(json.dumps(result_document(found, done), indent=2))
    elif done:
        click.echo("\n".join(result_lines(done)))
    sys.exit(FAILURE if found.refused or any(each.problem for each in done) else OK)
