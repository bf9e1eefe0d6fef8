"""Security settings of the HTTP pages of workers and boards: TLS, user and password."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from streams.contract.settings.environment import (
    BadSettingsError,
    Variables,
    non_blank,
    read_variables,
    secret_from_file,
)
from streams.contract.settings.kafka_security import certificate_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSecurity:
    """The certificate, user and password of a process's pages; on loopback none of them is required.

    `allow_insecure` declares that the network is private, so that pages may be served beyond loopback without them.
    """

    cert_file: Path | None = None
    key_file: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    allow_insecure: bool = False

    @property
    def scheme(self) -> str:
        """The URL scheme of the pages."""
        return "http" if self.cert_file is None else "https"

    def problems(self, host: str) -> list[str]:
        """Return the problems of serving pages at `host` with these settings, one sentence each."""
        problems = []
        if (self.cert_file is None) != (self.key_file is None):
            problems.append("SAFECLOCK_HTTP_CERT_FILE, SAFECLOCK_HTTP_KEY_FILE: expected both or none, got one")
        elif self.cert_file is not None:
            problems += self._certificate_problems(self.cert_file)
        if bool(self.user) != bool(self.password) or ":" in self.user:
            problems.append(
                "SAFECLOCK_HTTP_USER, SAFECLOCK_HTTP_PASSWORD_FILE: expected both or none, and no colon in the name"
            )
        if not self.allow_insecure and not _is_loopback(host) and not (self.cert_file and self.password):
            problems.append(
                f"SAFECLOCK_HTTP_HOST: expected loopback, or SAFECLOCK_HTTP_CERT_FILE with _KEY_FILE and"
                f" SAFECLOCK_HTTP_USER with _PASSWORD_FILE, or SAFECLOCK_HTTP_ALLOW_INSECURE=yes on a private network,"
                f" got {host!r}"
            )
        return problems

    def _certificate_problems(self, cert_file: Path) -> list[str]:
        problem = certificate_problem(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), cert_file, self.key_file)
        return [f"SAFECLOCK_HTTP_CERT_FILE, SAFECLOCK_HTTP_KEY_FILE: {problem}"] if problem else []

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return the TLS context of the server, or None without a certificate."""
        if self.cert_file is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.cert_file, self.key_file, password="")
        return context


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _yes_or_no(text: str) -> bool:
    if text not in {"yes", "no"}:
        raise ValueError("yes or no")
    return text == "yes"


_HOST_VARIABLE: Final = "SAFECLOCK_HTTP_HOST"
_READERS: Final[Variables] = {
    "SAFECLOCK_HTTP_CERT_FILE": ("cert_file", Path),
    "SAFECLOCK_HTTP_KEY_FILE": ("key_file", Path),
    "SAFECLOCK_HTTP_USER": ("user", non_blank),
    "SAFECLOCK_HTTP_PASSWORD_FILE": ("password", secret_from_file),
    "SAFECLOCK_HTTP_ALLOW_INSECURE": ("allow_insecure", _yes_or_no),
}
VARIABLES: Final = tuple(_READERS)
"""The names of the variables that `load_http_security` reads."""


def load_http_security(environment: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> HttpSecurity:
    """Return the security settings of an environment, checked for the host in the flags or in the environment.

    An empty variable counts as not given. Raises BadSettingsError with every wrong setting.
    """
    security = HttpSecurity(**read_variables(_READERS, {name: text for name, text in environment.items() if text}))
    host = (flags or {}).get(_HOST_VARIABLE) or environment.get(_HOST_VARIABLE) or "127.0.0.1"
    if problems := security.problems(host):
        raise BadSettingsError("\n".join(problems))
    return security
