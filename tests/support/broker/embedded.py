"""The embedded broker for tests, as the demo starts it."""

from streams.runtime.kafka.embedded_broker import EmbeddedBrokerUnavailableError, embedded_broker

__all__ = ["EmbeddedBrokerUnavailableError", "embedded_broker"]
