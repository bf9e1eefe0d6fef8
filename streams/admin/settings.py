"""How an operator's command reaches the broker: the worker's settings, and who asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streams.contract.access import Access
from streams.contract.environment import BadSettingsError
from streams.runtime.settings import Settings, load

_TEXTS = ("protocol", "mechanism", "username", "password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What the application is, and as whom to ask."""

    settings: Settings
    access: Access


def load_operator(environment: Mapping[str, str], flags: Mapping[str, str | None]) -> Operator:
    """Return the settings that SAFECLOCK_* variables and flags give; SAFECLOCK_PASSWORD_FILE names a file.

    Raises BadSettingsError that names every wrong setting.
    """
    texts = {name: text for name in _TEXTS if (text := environment.get(f"SAFECLOCK_{name.upper()}"))}
    ca_file, password_file = environment.get("SAFECLOCK_CA_FILE"), environment.get("SAFECLOCK_PASSWORD_FILE")
    if password_file:
        texts["password"] = _first_line(password_file)
    access = Access(ca_file=Path(ca_file) if ca_file else None, **texts)
    if problems := access.problems():
        raise BadSettingsError("\n".join(problems))
    return Operator(settings=load(environment, flags), access=access)


def _first_line(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise BadSettingsError(f"SAFECLOCK_PASSWORD_FILE: expected a file to read, got {file!r}") from error
