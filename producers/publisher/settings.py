"""How a platform reaches its broker: one table of settings, from arguments or from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from producers.publisher.errors import SettingsError
from streams.contract.access import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings:
    """Where and how to publish.

    `idempotent` lets the broker drop what a retry sends twice; only the demo's embedded broker cannot. At most
    `max_pending` events wait for an acknowledgement; a further one waits up to `block_ms` for room. An event that
    is not acknowledged within `delivery_timeout_ms` has failed. `linger_ms` is how long an event waits for company.
    """

    bootstrap: str = "127.0.0.1:9092"
    access: Access = field(default_factory=Access)
    idempotent: bool = True
    max_pending: int = 10_000
    block_ms: int = 60_000
    delivery_timeout_ms: int = 30_000
    linger_ms: int = 50

    def __post_init__(self) -> None:
        problems = self.access.problems()
        if not self.bootstrap:
            problems.append("bootstrap: expected HOST:PORT[,HOST:PORT…], got nothing")
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
        """Return the settings that the `SAFECLOCK_PUBLISH_*` variables give; what is not set keeps its default.

        Raises SettingsError with every mistake.
        """
        text = {name: value for name in _TEXTS if (value := environment.get(_variable(name)))}
        bootstrap, ca_file = text.pop("bootstrap", None), environment.get(_variable("ca_file"))
        problems: list[str] = []
        standard = cls()
        idempotent = _switch(environment, "idempotent", problems)
        access = Access(ca_file=Path(ca_file) if ca_file else None, **text)
        try:
            settings = cls(
                bootstrap=bootstrap or standard.bootstrap,
                access=access,
                idempotent=idempotent,
                max_pending=_number(environment, "max_pending", standard.max_pending, problems),
                block_ms=_number(environment, "block_ms", standard.block_ms, problems),
                delivery_timeout_ms=_number(environment, "delivery_timeout_ms", standard.delivery_timeout_ms, problems),
                linger_ms=_number(environment, "linger_ms", standard.linger_ms, problems),
            )
        except SettingsError as error:
            raise SettingsError([*problems, *error.problems]) from error
        if problems:
            raise SettingsError(problems)
        return settings


_TEXTS: Final = ("bootstrap", "protocol", "mechanism", "username", "password")


def _variable(name: str) -> str:
    return f"SAFECLOCK_PUBLISH_{name.upper()}"


def _number(environment: Mapping[str, str], name: str, standard: int, problems: list[str]) -> int:
    written = environment.get(_variable(name), str(standard))
    if not written.isascii() or not written.isdigit():
        problems.append(f"{_variable(name)}: expected a whole number, got {written!r}")
        return standard
    return int(written)


def _switch(environment: Mapping[str, str], name: str, problems: list[str]) -> bool:
    written = environment.get(_variable(name), "true")
    if written.lower() not in {"true", "false"}:
        problems.append(f"{_variable(name)}: expected true or false, got {written!r}")
    return written.lower() != "false"
