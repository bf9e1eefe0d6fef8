"""Options, settings and error handling that the operator's commands share."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from streams.edge.cli_options import flags_by_variable


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Turn expected errors of the block into one message and exit status 1."""
    from aiokafka.errors import KafkaError as StreamError
    from kafka.errors import KafkaError

    from streams.admin.errors import OperatingError
    from streams.contract.registry.file import RegistryError
    from streams.contract.settings.environment import BadSettingsError
    from streams.runtime.journal.journal import ClaimError, RowTooLargeError
    from streams.runtime.topic_checks.preflight import PreflightError

    try:
        yield
    except (
        OperatingError,
        BadSettingsError,
        RegistryError,
        PreflightError,
        ClaimError,
        RowTooLargeError,
        OSError,
    ) as error:
        raise click.ClickException(str(error)) from error
    except (KafkaError, StreamError) as error:
        raise click.ClickException(f"the broker: {type(error).__name__}: {error}") from error


def load_admin_settings(flags: Mapping[str, str | None]) -> Any:  # noqa: ANN401 - its type is imported lazily
    """Return the settings of environment and flags, and configure logging with them."""
    from streams.edge.logs.configuration import configure_logging
    from streams.runtime.settings import load_settings

    settings = load_settings(os.environ, flags_by_variable(dict(flags)))
    configure_logging(settings.log, "admin", settings.bootstrap, settings.access)
    return settings


BROKER_OPTIONS = (
    click.option("--bootstrap", help="HOST:PORT of the broker (SAFECLOCK_BOOTSTRAP)."),
    click.option("--registry", help="TOML file that lists the platforms (SAFECLOCK_REGISTRY)."),
    click.option("--application", help="Name of the application (SAFECLOCK_APPLICATION)."),
)
