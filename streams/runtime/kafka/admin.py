"""Ask a broker which topics exist, how they are configured, and whether it has transactions."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, KafkaTimeoutError, TopicAuthorizationFailedError

from streams.contract.settings.kafka_security import KafkaSecurity
from streams.contract.topics import TopicSettings
from streams.edge.kafka_client.login_check import NoBrokerError, check_login, missing_right_error

_WRITE_TXN_MARKERS: Final = 27  # only a broker that knows this request implements transactions
_READ_BIT: Final = 1 << 3  # a bit of the field topic_authorized_operations
_WRITE_BIT: Final = 1 << 4
_RIGHTS_UNKNOWN: Final = -(1 << 31)
_TIMEOUT_MS: Final = 10_000
_BOOTSTRAP_MS: Final = 30_000
_NO_LOGIN: Final = KafkaSecurity()


class TopicDescription(NamedTuple):
    """A topic as it exists on the broker; `replicas` is its replication factor, `id` is "" where the broker gives none."""

    id: str
    partitions: int
    replicas: int = 1


class KafkaAdmin:
    """An admin client of a Kafka cluster; blocking, for use in a thread.

    `access` is the login, anonymous by default. Raises KafkaSecurityError if the login is rejected, NoBrokerError if no
    broker answers.
    """

    def __init__(self, bootstrap: str, access: KafkaSecurity = _NO_LOGIN) -> None:
        check_login(bootstrap, access)
        self._access = access
        self._admin = _connect(bootstrap.split(","), access)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._admin.close()

    def has_transactions(self) -> bool:
        """Return whether the broker implements transactions; the embedded broker only accepts their requests."""
        return any(int(key) == _WRITE_TXN_MARKERS for key in self._admin.api_versions())

    def describe_topics(self, names: Iterable[str]) -> dict[str, TopicDescription]:
        """Return those of `names` that exist; raises KafkaSecurityError if the right to describe one is missing."""
        described = self._admin.describe_topics(sorted(names))
        self._require_visible(description["name"] for description in described if _is_hidden(description))
        return _existing_topics(described)

    def describe_readable(self, names: Iterable[str]) -> tuple[dict[str, TopicDescription], frozenset[str]]:
        """Return those of `names` that exist, and those that this login may not read, whether they exist or not."""
        return self._describe_permitted(names, _READ_BIT)

    def describe_writable(self, names: Iterable[str]) -> tuple[dict[str, TopicDescription], frozenset[str]]:
        """Return those of `names` that exist, and those that this login may not write, whether they exist or not."""
        return self._describe_permitted(names, _WRITE_BIT)

    def _describe_permitted(
        self, names: Iterable[str], right: int
    ) -> tuple[dict[str, TopicDescription], frozenset[str]]:
        described = self._admin.describe_topics(sorted(names))
        hidden = frozenset(
            description["name"]
            for description in described
            if _is_hidden(description) or not _is_permitted(description, right)
        )
        return _existing_topics(described), hidden

    def _require_visible(self, names: Iterable[str]) -> None:
        hidden = sorted(names)
        if hidden:
            others = f" and {len(hidden) - 1} more" if hidden[1:] else ""
            raise missing_right_error(self._access, f"DESCRIBE topic {hidden[0]}{others}")

    def describe_settings(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the settings of each topic, defaults included; empty if the broker does not return them.

        Raises KafkaError if the broker does not answer.
        """
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in sorted(names)]
        try:
            described = self._admin.describe_configs(resources, config_filter="all")
        except KafkaError as error:
            if error.retriable:
                raise
            return {name: {} for name in names}
        found = {str(name): entries for kind in described.values() for name, entries in kind.items()}
        return {name: _setting_values(found.get(name, {})) for name in names}

    def create_topic(self, topic: TopicSettings) -> None:
        """Create a topic and wait until the broker's metadata contain it; raises KafkaError if the broker refuses."""
        wanted = {
            "num_partitions": topic.partitions,
            "replication_factor": topic.replication_factor,
            "configs": dict(topic.config),
        }
        self._admin.create_topics({topic.name: wanted}, wait_for_metadata=True)


def _is_hidden(described: Mapping[str, Any]) -> bool:
    """Return whether the broker hides from this login if a topic exists."""
    return bool(described["error_code"] == TopicAuthorizationFailedError.errno)


def _is_permitted(described: Mapping[str, Any], right: int) -> bool:
    rights = described.get("topic_authorized_operations")
    return not isinstance(rights, int) or rights == _RIGHTS_UNKNOWN or bool(rights & right) or _is_missing(described)


def _is_missing(described: Mapping[str, Any]) -> bool:
    return bool(described["error_code"] != 0)


def _existing_topics(described: Iterable[Mapping[str, Any]]) -> dict[str, TopicDescription]:
    return {
        topic["name"]: TopicDescription(
            str(topic.get("topic_id") or ""),
            len(topic["partitions"]),
            min(len(partition["replica_nodes"]) for partition in topic["partitions"]),
        )
        for topic in described
        if not _is_missing(topic) and topic["partitions"]
    }


def _connect(servers: Sequence[str], access: KafkaSecurity) -> KafkaAdminClient:
    """Return a client of the first server that answers; raises NoBrokerError if none answers.

    The servers are tried one by one, since the client spends its whole timeout on the first server of a list.
    """
    timeout_ms = _BOOTSTRAP_MS // len(servers)
    *others, last = servers
    for server in others:
        with suppress(KafkaError):
            return _open_client(server, timeout_ms, access)
    try:
        return _open_client(last, timeout_ms, access)
    except KafkaTimeoutError as error:
        raise NoBrokerError(",".join(servers), access) from error


def _open_client(server: str, timeout_ms: int, access: KafkaSecurity) -> KafkaAdminClient:
    return KafkaAdminClient(
        bootstrap_servers=server,
        request_timeout_ms=_TIMEOUT_MS,
        bootstrap_timeout_ms=timeout_ms,
        **access.client_options(),
    )


def _setting_values(entries: Mapping[str, object]) -> dict[str, str]:
    return {
        setting: str(entry["value"])
        for setting, entry in entries.items()
        if isinstance(entry, dict) and entry.get("value") is not None
    }
