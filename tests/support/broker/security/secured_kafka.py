"""Apache Kafka behind TLS with an authorizer, and beside its good listener one for every fault."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from streams.contract.settings.kafka_security import KafkaSecurity
from tests.support.broker.apache import ApacheKafka
from tests.support.broker.node_settings import SINGLE_NODE_SETTINGS, NodeSettings, server_properties
from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.broker.security.certificates import CertificateAuthority, CertificatePair

_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
OPERATOR: Final = "operator"
OPERATOR_PASSWORD: Final = "only-on-loopback"  # noqa: S105 - of a broker that lives as long as a test

# What each listener speaks; `open` and `named` are the wrong ones for who expects TLS, `mutual` asks for a certificate.
_LISTENER_PROTOCOLS: Final = {
    "secure": "SASL_SSL",
    "expired": "SASL_SSL",
    "elsewhere": "SASL_SSL",
    "open": "PLAINTEXT",
    "named": "SASL_PLAINTEXT",
    "mutual": "SSL",
}


class SecuredKafka(NamedTuple):
    """A running broker; `folder` holds the certificates, `listeners` the addresses by the names above."""

    folder: Path
    authority: CertificateAuthority
    unknown_authority: CertificateAuthority
    client: CertificatePair
    listeners: dict[str, str]

    def environment(self, user: str, password: str, listener: str = "secure") -> dict[str, str]:
        """Return what a process is told that signs in as `user`; the password lies in a file."""
        file = self.folder / f"{user}.{len(password)}.password"
        file.write_text(f"{password}\n", encoding="utf-8")
        return {
            "SAFECLOCK_BOOTSTRAP": self.listeners[listener],
            "SAFECLOCK_PROTOCOL": "SASL_SSL",
            "SAFECLOCK_CA_FILE": str(self.authority.file),
            "SAFECLOCK_USERNAME": user,
            "SAFECLOCK_PASSWORD_FILE": str(file),
        }

    def security_settings(self) -> KafkaSecurity:
        """Return who may do everything, over TLS."""
        return KafkaSecurity(
            protocol="SASL_SSL",
            ca_file=self.authority.file,
            mechanism="PLAIN",
            username=OPERATOR,
            password=OPERATOR_PASSWORD,
            prefix="SAFECLOCK_",
        )

    def operator_environment(self) -> dict[str, str]:
        """Return the environment of somebody who may do everything."""
        return {**self.environment(OPERATOR, OPERATOR_PASSWORD), "SAFECLOCK_MECHANISM": "PLAIN"}


@contextmanager
def running_secured_kafka(now: dt.datetime) -> Iterator[SecuredKafka]:
    """Run such a broker for the block; `now` is when its certificates are made."""
    with tempfile.TemporaryDirectory(prefix="safeclock-secured-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        authority, stranger = (
            CertificateAuthority(folder, "authority", now),
            CertificateAuthority(folder, "stranger", now),
        )
        pairs = {
            "secure": authority.issue("broker", LOOPBACK, "localhost"),
            "expired": authority.issue("late", LOOPBACK, days=-1),
            "elsewhere": authority.issue("elsewhere", "kafka.example"),
        }
        pairs["mutual"] = pairs["secure"]
        ports = {listener: free_port() for listener in _LISTENER_PROTOCOLS}
        site = NodeSettings(folder=folder, port=ports["secure"])
        settings = server_properties(
            site, [site], {**SINGLE_NODE_SETTINGS, **_node_settings(site, ports), **_tls_settings(authority, pairs)}
        )
        broker = ApacheKafka(site, settings)
        try:
            broker.start()
            listeners = {listener: f"{LOOPBACK}:{port}" for listener, port in ports.items()}
            yield SecuredKafka(folder, authority, stranger, authority.issue("client"), listeners)
        finally:
            broker.kill()


def _node_settings(site: NodeSettings, ports: dict[str, int]) -> dict[str, str]:
    users = f'{_PLAIN} username="broker" password="{OPERATOR_PASSWORD}" user_broker="{OPERATOR_PASSWORD}"'
    addresses = [f"{listener.upper()}://{LOOPBACK}:{port}" for listener, port in ports.items()]
    protocols = [f"{listener.upper()}:{protocol}" for listener, protocol in _LISTENER_PROTOCOLS.items()]
    asking = [listener for listener, protocol in _LISTENER_PROTOCOLS.items() if protocol.startswith("SASL")]
    return {
        "listeners": ",".join([*addresses, f"CONTROLLER://{LOOPBACK}:{site.controller_port}"]),
        "advertised.listeners": ",".join(addresses),
        "listener.security.protocol.map": ",".join([*protocols, "CONTROLLER:SASL_PLAINTEXT"]),
        "inter.broker.listener.name": "NAMED",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": f"{users};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:broker;User:{OPERATOR};User:CN=client",
        **{f"listener.name.{each}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512" for each in asking},
        **{
            f"listener.name.{each}.plain.sasl.jaas.config": f'{users} user_{OPERATOR}="{OPERATOR_PASSWORD}";'
            for each in asking
        },
        **{f"listener.name.{each}.scram-sha-512.sasl.jaas.config": _SCRAM for each in asking},
    }


def _tls_settings(authority: CertificateAuthority, pairs: dict[str, CertificatePair]) -> dict[str, str]:
    entries = {}
    for listener, pair in pairs.items():
        entries[f"listener.name.{listener}.ssl.keystore.type"] = "PEM"
        entries[f"listener.name.{listener}.ssl.keystore.location"] = str(pair.combined_file)
    entries["listener.name.mutual.ssl.client.auth"] = "required"
    entries["listener.name.mutual.ssl.truststore.type"] = "PEM"
    entries["listener.name.mutual.ssl.truststore.location"] = str(authority.file)
    return entries
