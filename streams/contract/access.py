"""Who a process is to the broker, and over what: the same settings for publishers and for operators."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who somebody is to the broker, and over what; the names are Kafka's own."""

    protocol: str = "PLAINTEXT"
    ca_file: Path | None = None
    mechanism: str = "SCRAM-SHA-512"
    username: str = ""
    password: str = field(default="", repr=False)

    def problems(self) -> list[str]:
        """Return what is wrong, one sentence each."""
        found = []
        if self.protocol not in _PROTOCOLS:
            found.append(f"protocol: expected one of {', '.join(_PROTOCOLS)}, got {self.protocol!r}")
        if self.protocol.startswith("SASL") and self.mechanism not in _MECHANISMS:
            found.append(f"mechanism: expected one of {', '.join(_MECHANISMS)}, got {self.mechanism!r}")
        if self.protocol.startswith("SASL") and not (self.username and self.password):
            found.append(f"username, password: expected both for {self.protocol}")
        if self.ca_file is not None and not self.ca_file.is_file():
            found.append(f"ca_file: expected a file, found none at {self.ca_file}")
        return found

    def options(self) -> dict[str, object]:
        """Return these settings as both Kafka clients spell them."""
        options: dict[str, object] = {"security_protocol": self.protocol}
        if self.protocol.endswith("SSL"):
            options["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
        if self.protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.mechanism
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password
        return options
