"""Read the passwords of users from one file each, or one variable each; never from a command line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streams.admin.errors import OperatingError
from streams.admin.provisioning.desired_state import PasswordSources


class BadPasswordError(OperatingError):
    """A password cannot be used; the message names the user and the place, and never contains the password."""


@dataclass(frozen=True)
class Passwords:
    """Passwords in files of `folder`, named after the user, and in variables: `prefix` + name in capitals, `-` as `_`."""

    environment: Mapping[str, str] = field(repr=False)
    folder: Path | None = None
    prefix: str | None = None

    def password_sources(self, users: Iterable[str], renewed_users: Iterable[str]) -> PasswordSources | None:
        """Return which of `users` have a password; None if neither a folder nor a prefix was given."""
        if self.folder is None and self.prefix is None:
            return None
        return PasswordSources(frozenset(user for user in users if self._has_password(user)), frozenset(renewed_users))

    def password_for(self, user: str) -> str:
        """Return a user's password, without the line break at its end.

        Raises BadPasswordError if the password is missing, blank or not UTF-8.
        """
        place, password = self._read(user)
        if not password.strip():
            raise BadPasswordError(f"{user}: expected a password in {place}, found nothing")
        return password

    def _has_password(self, user: str) -> bool:
        return self._password_file(user) is not None or self._variable_name(user) in self.environment

    def _read(self, user: str) -> tuple[str, str]:
        if file := self._password_file(user):
            try:
                return str(file), file.read_text(encoding="utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                raise BadPasswordError(f"{user}: expected a password in UTF-8 in {file}, got invalid bytes") from None
        return self._variable_name(user), self.environment.get(self._variable_name(user), "")

    def _password_file(self, user: str) -> Path | None:
        # A user name with a slash could name a file outside the folder.
        if self.folder is None or Path(user).name != user:
            return None
        file = self.folder / user
        return file if file.is_file() else None

    def _variable_name(self, user: str) -> str:
        return "" if self.prefix is None else f"{self.prefix}{user.upper().replace('-', '_')}"
