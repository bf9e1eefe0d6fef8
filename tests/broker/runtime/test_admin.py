"""What the worker asks a broker before it starts."""

import pytest
from kafka.errors import KafkaError

from streams.runtime.kafka.admin import KafkaAdmin
from tests.support.broker.embedded import embedded_broker


def test_a_broker_that_is_gone_is_no_broker_without_settings() -> None:
    with embedded_broker() as bootstrap:
        admin = KafkaAdmin(bootstrap)

    with admin, pytest.raises(KafkaError):
        admin.describe_settings(["a-topic"])
