"""Make a plan from the state of the cluster, and apply its changes one by one."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from kafka.errors import KafkaError

from streams.admin.errors import OperatingError
from streams.admin.provisioning.cluster import ClusterAdmin
from streams.admin.provisioning.desired_state import DesiredState, Principals, desired_state
from streams.admin.provisioning.passwords import Passwords
from streams.admin.provisioning.plan import Change, Plan, plan_changes
from streams.admin.provisioning.plan_output import ChangeResult
from streams.contract.topics import Replication, required_topics
from streams.runtime.bootstrap import load_registry
from streams.runtime.settings import Settings


class PlanOptions(NamedTuple):
    """The options of a plan: `replication` is the replication factor, `renewed_users` get their password set again."""

    settings: Settings
    replication: int
    principals: Principals
    passwords: Passwords
    renewed_users: tuple[str, ...] = ()


def desired_for(options: PlanOptions) -> DesiredState:
    """Return the desired state of the broker; raises as `load_registry` does."""
    settings = options.settings
    registry = load_registry(settings)
    copies = Replication(factor=options.replication, min_insync=max(1, options.replication - 1))
    topics = required_topics(registry, settings.application, copies, record_time=settings.record_time)
    users = desired_state(registry, settings.application, topics, options.principals).users
    sources = options.passwords.password_sources(users, options.renewed_users)
    return desired_state(registry, settings.application, topics, options.principals, sources)


def make_plan(cluster: ClusterAdmin, desired: DesiredState) -> Plan:
    """Return the changes that bring the broker to the desired state; blocking."""
    return plan_changes(desired, cluster.existing_state(topic.name for topic in desired.topics))


def apply_changes(changes: Iterable[Change], apply_change: Callable[[Change], None]) -> list[ChangeResult]:
    """Make changes one after the other and return their results; a failed change does not stop the others."""
    return [ChangeResult(change, _try_change(change, apply_change)) for change in changes]


def _try_change(change: Change, apply_change: Callable[[Change], None]) -> str:
    try:
        apply_change(change)
    except (KafkaError, OperatingError, OSError) as error:
        return f"{type(error).__name__}: {error}" if isinstance(error, KafkaError) else str(error)
    return ""
