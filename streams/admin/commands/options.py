"""What the operator's commands share: how the broker is reached, and how a failure is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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

    try:
        yield
    except (OperatingError, BadSettingsError, RegistryError, BadGroundError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except (KafkaError, StreamError) as error:
        raise click.ClickException(f"the broker: {type(error).__name__}: {error}") from error


def flags(given: dict[str, str | None]) -> dict[str, str | None]:
    """Return flags by the names of the variables that they stand for."""
    return {f"SAFECLOCK_{name.upper()}": text for name, text in given.items()}


REACHED = (
    click.option("--bootstrap", help="HOST:PORT of the broker (SAFECLOCK_BOOTSTRAP)."),
    click.option("--registry", help="TOML file that names the platforms (SAFECLOCK_REGISTRY)."),
    click.option("--application", help="Name of the application (SAFECLOCK_APPLICATION)."),
)


def with_options(options: tuple[Any, ...]) -> Callable[[Any], Any]:  # click's decorators are untyped
    """Return a decorator that gives a command all of `options`, in their order."""

    def decorate(command: Any) -> Any:  # noqa: ANN401
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
