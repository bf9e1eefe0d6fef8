"""What the operator's commands share: how the broker is reached, and how a failure is told."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

CHANGES = 2
"""The exit status of what has something to change; 0: nothing, 1: it cannot be told or is refused."""


@contextmanager
def failing() -> Iterator[None]:
    """Say in one message what went wrong, and end with 1."""
    from aiokafka.errors import KafkaError as StreamError
    from kafka.errors import KafkaError

    from streams.admin.errors import OperatingError
    from streams.contract.environment import BadSettingsError
    from streams.contract.registry_file import RegistryError
    from streams.runtime.ground import BadGroundError
    from streams.runtime.journal import ClaimError

    try:
        yield
    except (OperatingError, BadSettingsError, RegistryError, BadGroundError, ClaimError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except (KafkaError, StreamError) as error:
        raise click.ClickException(f"the broker: {type(error).__name__}: {error}") from error


REACHED = (
    click.option("--bootstrap", help="HOST:PORT of the broker (SAFECLOCK_BOOTSTRAP)."),
    click.option("--registry", help="TOML file that names the platforms (SAFECLOCK_REGISTRY)."),
    click.option("--application", help="Name of the application (SAFECLOCK_APPLICATION)."),
)
