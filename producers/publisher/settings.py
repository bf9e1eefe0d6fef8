"""The settings of the publisher, from arguments or from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from producers.publisher.errors import SettingsError
from streams.contract.settings import kafka_security
from streams.contract.settings.environment import (
    BadSettingsError,
    Variables,
    at_least,
    bootstrap_servers,
    is_safe_to_show,
    merge_settings,
    read_variables,
    unknown_variables,
)
from streams.contract.settings.kafka_security import KafkaSecurity, load_kafka_security


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings:
    """Where and how to publish.

    With `idempotent` the broker drops records that a retry sends twice; only the demo's embedded broker cannot do that.
    At most `max_pending` events wait for an acknowledgement; a further event waits up to `block_ms` for room. An event
    without an acknowledgement after `delivery_timeout_ms` has failed. An event waits `linger_ms` for others to share
    its batch.
    """

    bootstrap: str = "127.0.0.1:9092"
    access: KafkaSecurity = field(default_factory=KafkaSecurity)
    idempotent: bool = True
    max_pending: int = 10_000
    block_ms: int = 60_000
    delivery_timeout_ms: int = 30_000
    linger_ms: int = 50

    def __post_init__(self) -> None:
        problems = self.access.problems()
        try:
            bootstrap_servers(self.bootstrap)
        except ValueError as expected:
            shown = repr(self.bootstrap) if is_safe_to_show(self.bootstrap) else "another text"
            problems.append(f"bootstrap: expected {expected}, got {shown}")
        for name in ("max_pending", "block_ms", "delivery_timeout_ms"):
            if getattr(self, name) < 1:
                problems.append(f"{name}: expected a positive whole number, got {getattr(self, name)}")
        if not 0 <= self.linger_ms < self.delivery_timeout_ms:
            problems.append(f"linger_ms: expected 0 to {self.delivery_timeout_ms - 1}, got {self.linger_ms}")
        if problems:
            raise SettingsError(problems)

    @property
    def servers(self) -> list[str]:
        """The bootstrap servers, each HOST:PORT."""
        return [server.strip() for server in self.bootstrap.split(",")]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings of the `SAFECLOCK_PUBLISH_*` variables; a variable that is not set keeps its default.

        Raises SettingsError with every mistake; an unknown variable with this prefix is a mistake, too.
        """
        try:
            values = merge_settings(
                lambda: read_variables(_VARIABLES, {name: text for name, text in environment.items() if text}),
                lambda: {"access": load_kafka_security(environment, PREFIX)},
                lambda: _reject_unknown(environment),
            )
        except BadSettingsError as error:
            raise SettingsError(str(error).splitlines()) from error
        return cls(**values)


def _reject_unknown(environment: Mapping[str, str]) -> dict[str, Any]:
    own_names = (name for name in environment if name.startswith(PREFIX))
    if problems := list(unknown_variables(own_names, VARIABLES)):
        raise BadSettingsError("\n".join(problems))
    return {}


def _parse_bool(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("true or false")
    return text.lower() == "true"


PREFIX: Final = "SAFECLOCK_PUBLISH_"
"""The prefix of the publisher's variables; no other variables begin with it."""

_VARIABLES: Final[Variables] = {
    f"{PREFIX}BOOTSTRAP": ("bootstrap", bootstrap_servers),
    f"{PREFIX}IDEMPOTENT": ("idempotent", _parse_bool),
    f"{PREFIX}MAX_PENDING": ("max_pending", at_least(1)),
    f"{PREFIX}BLOCK_MS": ("block_ms", at_least(1)),
    f"{PREFIX}DELIVERY_TIMEOUT_MS": ("delivery_timeout_ms", at_least(1)),
    f"{PREFIX}LINGER_MS": ("linger_ms", at_least(0)),
}
VARIABLES: Final = (*_VARIABLES, *kafka_security.variable_names(PREFIX))
"""The names of the variables that `from_environment` reads."""
