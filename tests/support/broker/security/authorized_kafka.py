"""Apache Kafka with an authorizer: an inner listener where everybody is anonymous, an outer one with names."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.broker.apache import ApacheKafka
from tests.support.broker.node_settings import SINGLE_NODE_SETTINGS, NodeSettings, server_properties
from tests.support.broker.ports import free_port

_PLAIN_LOGIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM_LOGIN: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
OPERATOR: Final = "operator"
OPERATOR_PASSWORD: Final = "only-on-loopback"  # noqa: S105 - of a broker that lives as long as a test


class AuthorizedKafka(NamedTuple):
    """A broker that asks who may do what; `inner` and `outer` are the addresses of its listeners."""

    internal_listener: str
    external_listener: str

    def operator_environment(self) -> dict[str, str]:
        """Return the environment of somebody who may do everything."""
        return {
            "SAFECLOCK_BOOTSTRAP": self.external_listener,
            "SAFECLOCK_PROTOCOL": "SASL_PLAINTEXT",
            "SAFECLOCK_MECHANISM": "PLAIN",
            "SAFECLOCK_USERNAME": OPERATOR,
            "SAFECLOCK_PASSWORD": OPERATOR_PASSWORD,
        }


@contextmanager
def authorized_kafka() -> Iterator[AuthorizedKafka]:
    """Run such a broker for the block."""
    inner, outer, controller = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="safeclock-guarded-", ignore_cleanup_errors=True) as folder:
        site = NodeSettings(folder=Path(folder), port=inner, controller_port=controller)
        settings = server_properties(site, [site], {**SINGLE_NODE_SETTINGS, **_node_settings(inner, outer, controller)})
        broker = ApacheKafka(site, settings)
        try:
            broker.start()
            yield AuthorizedKafka(broker.bootstrap, f"127.0.0.1:{outer}")
        finally:
            broker.kill()


def _node_settings(inner: int, outer: int, controller: int) -> dict[str, str]:
    users = f'{_PLAIN_LOGIN} username="broker" password="{OPERATOR_PASSWORD}" user_broker="{OPERATOR_PASSWORD}"'
    listeners = f"PLAINTEXT://127.0.0.1:{inner},OUTER://127.0.0.1:{outer}"
    return {
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,OUTER:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
        "inter.broker.listener.name": "OUTER",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": f"{users};",
        "listener.name.outer.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.outer.plain.sasl.jaas.config": f'{users} user_{OPERATOR}="{OPERATOR_PASSWORD}";',
        "listener.name.outer.scram-sha-512.sasl.jaas.config": _SCRAM_LOGIN,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:broker;User:{OPERATOR}",
    }
