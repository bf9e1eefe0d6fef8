"""Log in to Kafka as a platform: the producer of kafka-python with the platform's user.

The producer is configured so that an acknowledged record is on all in-sync replicas.
"""

from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from producers.publisher.errors import BrokerError
from producers.publisher.settings import PublisherSettings
from streams.contract.settings.kafka_security import KafkaSecurityError
from streams.edge.kafka_client.login_check import check_login

# kafka-python requires that a whole request fits into the delivery timeout.
_REQUESTS_PER_DELIVERY_TIMEOUT: Final = 3


def log_in(settings: PublisherSettings) -> KafkaProducer:
    """Return a connected producer; raises BrokerError that names the wrong setting, or that no broker answers."""
    try:
        check_login(settings.bootstrap, settings.access)
    except KafkaSecurityError as error:
        raise BrokerError(str(error)) from error
    clients: list[KafkaNetClient] = []

    def tracked_client(**options: Any) -> KafkaNetClient:  # noqa: ANN401 - kafka-python's own
        clients.append(KafkaNetClient(**options))
        return clients[-1]

    try:
        return KafkaProducer(kafka_client=tracked_client, **_producer_options(settings))
    except KafkaError as error:
        for client in clients:  # KafkaProducer does not close its client when its constructor fails.
            client.close()
        raise BrokerError(
            f"bootstrap: expected a broker at {settings.bootstrap}, none answered: {type(error).__name__}"
        ) from error


def _producer_options(settings: PublisherSettings) -> dict[str, object]:
    request_timeout_ms = (settings.delivery_timeout_ms - settings.linger_ms) // _REQUESTS_PER_DELIVERY_TIMEOUT
    return {
        "bootstrap_servers": settings.servers,
        "acks": "all",
        "enable_idempotence": settings.idempotent,
        # Without idempotence a retry could change the order; one request in flight keeps the order of a key.
        "max_in_flight_requests_per_connection": 5 if settings.idempotent else 1,
        "linger_ms": settings.linger_ms,
        "max_block_ms": settings.block_ms,
        "delivery_timeout_ms": settings.delivery_timeout_ms,
        "request_timeout_ms": max(1, request_timeout_ms),
        "bootstrap_timeout_ms": settings.block_ms,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
        **settings.access.client_options(),
    }
