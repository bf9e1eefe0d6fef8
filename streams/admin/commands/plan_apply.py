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
    """Commands that exit with 2 if there is something to change; a usage error must have another status, 1."""

    @override
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            error.exit_code = FAILURE
            raise


_PLAN_OPTIONS = (
    *BROKER_OPTIONS,
    click.option("--record-time", help="Which record timestamps to use: log or create (SAFECLOCK_RECORD_TIME)."),
    click.option(
        "--replication", type=click.IntRange(1), default=3, show_default=True, help="Replication factor of new topics."
    ),
    click.option("--worker-principal", default="User:safeclock-worker", show_default=True),
    click.option("--board-principal", default="User:safeclock-board", show_default=True),
    click.option(
        "--passwords",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="Folder with one password file per user, named after the user.",
    ),
    click.option(
        "--passwords-from",
        metavar="PREFIX",
        help="Prefix of variables with passwords: PREFIX and the user, A_B for a-b.",
    ),
    click.option("--renew", multiple=True, metavar="USER", help="Set this user's password again."),
    click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True),
)


@click.group(cls=_PlanGroup)
def admin() -> None:
    """Set up topics, rights and users; back up and restore; accept source resets."""


def _plan_options(flags: dict[str, Any]) -> Any:  # noqa: ANN401 - its type is imported lazily
    from streams.admin.provisioning.apply import PlanOptions
    from streams.admin.provisioning.desired_state import Principals
    from streams.admin.provisioning.passwords import Passwords

    principals = Principals(flags.pop("worker_principal"), flags.pop("board_principal"))
    passwords = Passwords(os.environ, flags.pop("passwords"), flags.pop("passwords_from"))
    replication, renewed = flags.pop("replication"), flags.pop("renew")
    return PlanOptions(load_admin_settings(flags), replication, principals, passwords, renewed)


@admin.command()
@with_options(_PLAN_OPTIONS)
def plan(output_format: str, **flags: Any) -> None:  # noqa: ANN401 - flags
    """Show what differs from the desired state of the broker: topics, their settings, rights, users.

    Exits with 0 if there is nothing to change, with 2 if there is, and with 1 if something must be solved first.
    """
    from streams.admin.provisioning.apply import desired_for, make_plan
    from streams.admin.provisioning.cluster import ClusterAdmin
    from streams.admin.provisioning.plan_output import plan_document, plan_lines

    with exit_on_error():
        options = _plan_options(flags)
        desired = desired_for(options)
        with ClusterAdmin(options.settings.bootstrap, options.settings.access) as cluster:
            found = make_plan(cluster, desired)
    click.echo(json.dumps(plan_document(found), indent=2) if output_format == "json" else "\n".join(plan_lines(found)))
    sys.exit(FAILURE if found.refused else CHANGES_PENDING if found.changes else OK)


@admin.command()
@with_options(_PLAN_OPTIONS)
def apply(output_format: str, **flags: Any) -> None:  # noqa: ANN401 - flags
    """Make the changes that `plan` shows, and show the results. Exits with 1 if a change failed or was refused."""
    from streams.admin.provisioning.apply import apply_changes, desired_for, make_plan
    from streams.admin.provisioning.cluster import ClusterAdmin
    from streams.admin.provisioning.plan_output import plan_lines, result_document, result_lines

    with exit_on_error():
        options = _plan_options(flags)
        desired = desired_for(options)
        with ClusterAdmin(options.settings.bootstrap, options.settings.access) as cluster:
            found = make_plan(cluster, desired)
            if output_format == "text":
                click.echo("\n".join(plan_lines(found)))
            done = apply_changes(
                found.changes, lambda change: cluster.apply_change(change, options.passwords.password_for)
            )
    if output_format == "json":
        click.echo(json.dumps(result_document(found, done), indent=2))
    elif done:
        click.echo("\n".join(result_lines(done)))
    sys.exit(FAILURE if found.refused or any(result.problem for result in done) else OK)
