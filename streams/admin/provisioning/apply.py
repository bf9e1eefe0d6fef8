"""Planning and applying: the plan of what is there now, and each of its changes made, or not and why."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from kafka.errors import KafkaError

from streams.admin.errors import OperatingError
from streams.admin.provisioning.cluster import Cluster
from streams.admin.provisioning.desired_state import Parties, Wanted, wanted
from streams.admin.provisioning.passwords import Passwords
from streams.admin.provisioning.plan import Change, Plan, plan
from streams.admin.provisioning.plan_output import Done
from streams.contract.topics import Replication, required_topics
from streams.runtime.bootstrap import registry_of
from streams.runtime.settings import Settings


class Order(NamedTuple):
    """What an operator asks for: `replication` is how many brokers hold a record, `renewed` whose password to renew."""

    settings: Settings
    replication: int
    parties: Parties
    passwords: Passwords
    renewed: tuple[str, ...] = ()


def ideal(order: Order) -> Wanted:
    """Return what the broker should have; raises as `registry_of` does."""
    settings = order.settings
    registry = registry_of(settings)
    copies = Replication(factor=order.replication, min_insync=max(1, order.replication - 1))
    topics = required_topics(registry, settings.application, copies, record_time=settings.record_time)
    users = wanted(registry, settings.application, topics, order.parties).users
    sources = order.passwords.sources(users, order.renewed)
    return wanted(registry, settings.application, topics, order.parties, sources)


def planned(cluster: Cluster, ideal: Wanted) -> Plan:
    """Return what must change on the broker; blocking."""
    return plan(ideal, cluster.found(topic.name for topic in ideal.topics))


def applied(changes: Iterable[Change], make: Callable[[Change], None]) -> list[Done]:
    """Make changes one after the other; one that is not made does not keep the next from being tried."""
    return [Done(change, _tried(change, make)) for change in changes]


def _tried(change: Change, make: Callable[[Change], None]) -> str:
    try:
        make(change)
    except (KafkaError, OperatingError, OSError) as error:
        return f"{type(error).__name__}: {error}" if isinstance(error, KafkaError) else str(error)
    return ""
