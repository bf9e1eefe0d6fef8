"""Kafka security settings (TLS and SASL), the same for workers, boards, publishers and operators."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from streams.contract.settings.environment import (
    BadSettingsError,
    Variables,
    is_safe_to_show,
    read_variables,
    secret_from_file,
)

_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_READERS: Final[Variables] = {
    "PROTOCOL": ("protocol", str),
    "CA_FILE": ("ca_file", Path),
    "CERT_FILE": ("cert_file", Path),
    "KEY_FILE": ("key_file", Path),
    "MECHANISM": ("mechanism", str),
    "USERNAME": ("username", str),
    "PASSWORD": ("password", str),
    "PASSWORD_FILE": ("password", secret_from_file),
}


class KafkaSecurityError(BadSettingsError):
    """The broker rejects the login; the message names the setting and the expected value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSecurity:
    """The protocol and the credentials of a Kafka client; the names are Kafka's own.

    `cert_file` and `key_file` are the client's certificate, for a broker that requires one. `prefix` is the prefix of
    the variables from which these settings were read, or "" for settings from another source.
    """

    protocol: str = "PLAINTEXT"
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    mechanism: str = "SCRAM-SHA-512"
    username: str = ""
    password: str = field(default="", repr=False)
    prefix: str = field(default="", repr=False, compare=False)

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.protocol.endswith("SSL")

    @property
    def uses_password(self) -> bool:
        """Whether the login uses a user name and a password."""
        return self.protocol.startswith("SASL")

    def setting_name(self, setting: str) -> str:
        """Return the name of a setting for messages: the variable, or the field of settings from another source."""
        return f"{self.prefix}{setting.upper()}" if self.prefix else setting

    def problems(self) -> list[str]:
        """Return the problems of these settings, one sentence each."""
        problems = []
        if self.protocol not in _PROTOCOLS:
            problems.append(
                f"{self.setting_name('protocol')}: expected one of {', '.join(_PROTOCOLS)}, got {self.protocol!r}"
            )
        elif self.uses_password:
            problems += self._login_problems()
        elif self.username or self.password:
            problems.append(
                f"{self.setting_name('protocol')}: expected SASL_SSL for a user with a password, got {self.protocol}"
            )
        return problems + self._file_problems()

    def _login_problems(self) -> list[str]:
        problems = []
        if self.mechanism not in _MECHANISMS:
            mechanisms = ", ".join(_MECHANISMS)
            problems.append(f"{self.setting_name('mechanism')}: expected one of {mechanisms}, got {self.mechanism!r}")
        if not (self.username and self.password):
            problems.append(
                f"{self.setting_name('username')}, {self.setting_name('password')}: expected both for {self.protocol},"
                " got one or none"
            )
        return problems

    def _file_problems(self) -> list[str]:
        files = {"ca_file": self.ca_file, "cert_file": self.cert_file, "key_file": self.key_file}
        given = {name: file for name, file in files.items() if file is not None}
        if given and not self.is_encrypted:
            names = ", ".join(map(self.setting_name, given))
            return [f"{self.setting_name('protocol')}: expected SSL or SASL_SSL with {names}, got {self.protocol!r}"]
        problems = [
            f"{self.setting_name(name)}: expected a file, found none at {describe_path(file)}"
            for name, file in given.items()
            if not is_file(file)
        ]
        if (self.cert_file is None) != (self.key_file is None):
            problems.append(
                f"{self.setting_name('cert_file')}, {self.setting_name('key_file')}: expected both or none, got one"
            )
        return problems or self._certificate_problems()

    def _certificate_problems(self) -> list[str]:
        if not self.is_encrypted:
            return []
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError:
            return [f"{self.setting_name('ca_file')}: expected certificates in PEM, found none in {self.ca_file}"]
        if self.cert_file is None:
            return []
        problem = certificate_problem(context, self.cert_file, self.key_file)
        return [f"{self.setting_name('cert_file')}, {self.setting_name('key_file')}: {problem}"] if problem else []

    def client_options(self) -> dict[str, Any]:
        """Return these settings as keyword arguments of both Kafka clients."""
        options: dict[str, Any] = {"security_protocol": self.protocol}
        if self.is_encrypted:
            options["ssl_context"] = self.ssl_context()
        if self.uses_password:
            options["sasl_mechanism"] = self.mechanism
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password
        return options

    def ssl_context(self) -> ssl.SSLContext:
        """Return the TLS context of the client, which verifies the broker's certificate and name."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file is not None:
            context.load_cert_chain(self.cert_file, self.key_file, password="")
        return context


def is_file(path: Path) -> bool:
    """Return whether a path names a file; a text that cannot be a path does not."""
    try:
        return path.is_file()
    except OSError:
        return False


def describe_path(path: Path) -> str:
    """Return a path for an error, unless the setting contains something else, such as the key itself."""
    return str(path) if is_safe_to_show(str(path)) else "a text that is not a path"


def certificate_problem(context: ssl.SSLContext, cert_file: Path, key_file: Path | None) -> str:
    """Return why a certificate and its key cannot be used, or "" if they can."""
    try:
        # Without a password argument, OpenSSL would ask on the terminal for the password of an encrypted key.
        context.load_cert_chain(cert_file, key_file, password="")
    except OSError:
        paths = f"{describe_path(cert_file)} and {describe_path(key_file) if key_file else 'no key'}"
        return f"expected a certificate in PEM with its unencrypted key, got {paths}, which cannot be loaded"
    return ""


def load_kafka_security(environment: Mapping[str, str], prefix: str = "SAFECLOCK_") -> KafkaSecurity:
    """Return the settings in the variables that begin with `prefix`; an empty variable counts as not given.

    A password file takes precedence over a password. Raises BadSettingsError with every wrong setting.
    """
    variables = {f"{prefix}{name}": parse for name, parse in _READERS.items()}
    security = KafkaSecurity(
        **read_variables(variables, {name: text for name, text in environment.items() if text}), prefix=prefix
    )
    if problems := security.problems():
        raise BadSettingsError("\n".join(problems))
    return security


def variable_names(prefix: str) -> tuple[str, ...]:
    """Return the names of the variables that `load_kafka_security` reads for a prefix."""
    return tuple(f"{prefix}{name}" for name in _READERS)


VARIABLES: Final = variable_names("SAFECLOCK_")
"""The variables of every process except publishers."""
