"""Apache Kafka behind TLS with an authorizer, and beside its good listener one for every fault."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from streams.contract.settings.kafka_security import KafkaSecurity
from tests.support.broker.apache import ApacheKafka
from tests.support.broker.node_settings import ALONE, Site, properties
from tests.support.broker.ports import LOOPBACK, free_port
from tests.support.broker.security.certificates import Authority, Pair

_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
OPERATOR: Final = "operator"
OPERATOR_PASSWORD: Final = "only-on-loopback"  # noqa: S105 - of a broker that lives as long as a test

# What each listener speaks; `open` and `named` are the wrong ones for who expects TLS, `mutual` asks for a certificate.
_PROTOCOLS: Final = {
    "secure": "SASL_SSL",
    "expired": "SASL_SSL",
    "elsewhere": "SASL_SSL",
    "open": "PLAINTEXT",
    "named": "SASL_PLAINTEXT",
    "mutual": "SSL",
}


class Secured(NamedTuple):
    """A running broker; `folder` holds the certificates, `listeners` the addresses by the names above."""

    folder: Path
    authority: Authority
    stranger: Authority
    client: Pair
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

    def access(self) -> KafkaSecurity:
        """Return who may do everything, over TLS."""
        return KafkaSecurity(
            protocol="SASL_SSL",
            ca_file=self.authority.file,
            mechanism="PLAIN",
            username=OPERATOR,
            password=OPERATOR_PASSWORD,
            prefix="SAFECLOCK_",
        )

    def operator(self) -> dict[str, str]:
        """Return the environment of somebody who may do everything."""
        return {**self.environment(OPERATOR, OPERATOR_PASSWORD), "SAFECLOCK_MECHANISM": "PLAIN"}


@contextmanager
def secured_kafka(now: dt.datetime) -> Iterator[Secured]:
    """Run such a broker for the block; `now` is when its certificates are made."""
    with tempfile.TemporaryDirectory(prefix="safeclock-secured-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        authority, stranger = Authority(folder, "authority", now), Authority(folder, "stranger", now)
        pairs = {
            "secure": authority.signed("broker", LOOPBACK, "localhost"),
            "expired": authority.signed("late", LOOPBACK, days=-1),
            "elsewhere": authority.signed("elsewhere", "kafka.example"),
        }
        pairs["mutual"] = pairs["secure"]
        ports = {listener: free_port() for listener in _PROTOCOLS}
        site = Site(folder=folder, port=ports["secure"])
        settings = properties(site, [site], {**ALONE, **_shared(site, ports), **_tls(authority, pairs)})
        broker = ApacheKafka(site, settings)
        try:
            broker.start()
            listeners = {listener: f"{LOOPBACK}:{port}" for listener, port in ports.items()}
            yield Secured(folder, authority, stranger, authority.signed("client"), listeners)
        finally:
            broker.kill()


def _shared(site: Site, ports: dict[str, int]) -> dict[str, str]:
    users = f'{_PLAIN} username="broker" password="{OPERATOR_PASSWORD}" user_broker="{OPERATOR_PASSWORD}"'
    addresses = [f"{listener.upper()}://{LOOPBACK}:{port}" for listener, port in ports.items()]
    protocols = [f"{listener.upper()}:{protocol}" for listener, protocol in _PROTOCOLS.items()]
    asking = [listener for listener, protocol in _PROTOCOLS.items() if protocol.startswith("SASL")]
    return {
        "listeners": ",".join([*addresses, f"CONTROLLER://{LOOPBACK}:{site.controller}"]),
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


def _tls(authority: Authority, pairs: dict[str, Pair]) -> dict[str, str]:
    entries = {}
    for listener, pair in pairs.items():
        entries[f"listener.name.{listener}.ssl.keystore.type"] = "PEM"
        entries[f"listener.name.{listener}.ssl.keystore.location"] = str(pair.both)
    entries["listener.name.mutual.ssl.client.auth"] = "required"
    entries["listener.name.mutual.ssl.truststore.type"] = "PEM"
    entries["listener.name.mutual.ssl.truststore.location"] = str(authority.file)
    return entries
