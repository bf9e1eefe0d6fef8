"""Compute the changes from the existing to the desired state of a broker; pure functions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from streams.admin.provisioning.desired_state import DesiredState, Grant, PasswordSources
from streams.contract.topics import TopicSettings


class ExistingTopic(NamedTuple):
    """A topic that exists on the broker; `settings` is empty if the broker does not return them."""

    partitions: int
    replicas: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingState:
    """The existing state of a broker; `grants` None: it has no authorizer; `users` None: no listener accepts SCRAM."""

    topics: Mapping[str, ExistingTopic]
    grants: frozenset[Grant] | None = None
    users: frozenset[str] | None = None


class CreateTopic(NamedTuple):
    """Create a missing topic."""

    topic: TopicSettings


class SetSetting(NamedTuple):
    """Change a topic's setting."""

    topic: str
    setting: str
    current: str
    wanted: str


class Allow(NamedTuple):
    """Grant a missing right."""

    grant: Grant


class Revoke(NamedTuple):
    """Revoke a right that a known principal has on a desired resource and should not have."""

    grant: Grant


class CreateUser(NamedTuple):
    """Create a user that cannot log in yet."""

    user: str


class RenewPassword(NamedTuple):
    """Set a user's password again."""

    user: str


Change = CreateTopic | SetSetting | Allow | Revoke | CreateUser | RenewPassword


class Plan(NamedTuple):
    """Changes in the order in which they are made; `refused` must be solved by hand; `remarks` change nothing."""

    changes: tuple[Change, ...]
    refused: tuple[str, ...]
    remarks: tuple[str, ...]


def plan_changes(desired: DesiredState, existing: ExistingState) -> Plan:
    """Return the changes. Rights are granted before others are revoked, so that no principal loses access meanwhile."""
    changes = (
        *_topic_changes(desired, existing),
        *_grant_changes(desired, existing),
        *_user_changes(desired, existing),
    )
    return Plan(changes, tuple(_refusals(desired, existing)), tuple(_remarks(desired, existing)))


def _topic_changes(desired: DesiredState, existing: ExistingState) -> Iterator[Change]:
    for topic in desired.topics:
        existing_topic = existing.topics.get(topic.name)
        if existing_topic is None:
            yield CreateTopic(topic)
            continue
        for setting, value in topic.config.items():
            current = existing_topic.settings.get(setting, value)
            if current != value:
                yield SetSetting(topic.name, setting, current, value)


def _grant_changes(desired: DesiredState, existing: ExistingState) -> Iterator[Change]:
    if existing.grants is None:
        return
    present_grants = {
        grant for grant in existing.grants if grant.principal in desired.principals and desired.covers(grant)
    }
    yield from (Allow(grant) for grant in sorted(desired.grants - present_grants))
    yield from (Revoke(grant) for grant in sorted(present_grants - desired.grants))


def _user_changes(desired: DesiredState, existing: ExistingState) -> Iterator[Change]:
    if existing.users is None or desired.password_sources is None:
        return
    users_with_password = desired.users & desired.password_sources.users
    yield from (CreateUser(user) for user in sorted(users_with_password - existing.users))
    yield from (
        RenewPassword(user)
        for user in sorted(users_with_password & existing.users & desired.password_sources.renewed_users)
    )


def _refusals(desired: DesiredState, existing: ExistingState) -> Iterator[str]:
    for topic in desired.topics:
        existing_topic = existing.topics.get(topic.name)
        if existing_topic is not None and existing_topic.partitions != topic.partitions:
            yield (
                f"{topic.name}: expected {topic.partitions} partitions, got {existing_topic.partitions}: refused, since keys"
                " would move to other partitions and events of a report would be separated"
            )
    for platform in desired.invalid_principal:
        yield f"{platform}: expected a principal such as User:{platform} in the registry"
    if desired.password_sources is not None and existing.users is not None:
        yield from _password_refusals(desired, desired.password_sources)


def _password_refusals(desired: DesiredState, sources: PasswordSources) -> Iterator[str]:
    for user in sorted(sources.renewed_users - desired.users):
        yield f"{user}: expected a user of the registry in --renew, found none with this name"
    for user in sorted((sources.renewed_users & desired.users) - sources.users):
        yield f"{user}: expected a new password in --passwords or --passwords-from, found none"


def _remarks(desired: DesiredState, existing: ExistingState) -> Iterator[str]:
    yield from _history_remarks(desired)
    yield from _topic_remarks(desired, existing)
    yield from _unknown_principal_remarks(desired, existing)
    if existing.users is None:
        yield "users are left out: this broker has no listener with SCRAM-SHA-512"
    elif desired.password_sources is None:
        yield "users are left out: give their passwords with --passwords or --passwords-from"
    else:
        missing = sorted(desired.users - existing.users - desired.password_sources.users)
        yield from (
            f"{user} cannot log in: the user does not exist, and no password is given to create it" for user in missing
        )


def _history_remarks(desired: DesiredState) -> Iterator[str]:
    """Yield the spans of audited history that the registry opens: they need no topic and no right, but a restart."""
    for span in desired.history:
        end_text = f"closes on {span['closes_on']}" if span["closes_on"] else "open until the registry has `closes_on`"
        yield (
            f"{span['platform']}: history from {span['since']} until {span['until']}, opened on {span['opened_on']} by"
            f" {span['opened_by']}, {end_text}; workers and boards read it when they start"
        )


def _topic_remarks(desired: DesiredState, existing: ExistingState) -> Iterator[str]:
    for topic in desired.topics:
        existing_topic = existing.topics.get(topic.name)
        if existing_topic is not None and existing_topic.replicas < topic.replication_factor:
            yield (
                f"{topic.name}: expected {topic.replication_factor} replicas, got {existing_topic.replicas}: move replicas with"
                " kafka-reassign-partitions.sh"
            )
        if existing_topic is not None and not existing_topic.settings:
            yield f"{topic.name}: the broker does not return the settings: check the right DESCRIBE_CONFIGS on the topic"


def _unknown_principal_remarks(desired: DesiredState, existing: ExistingState) -> Iterator[str]:
    """Yield the rights that unknown principals have on desired resources; the plan does not revoke them."""
    if existing.grants is None:
        yield "rights are left out: this broker has no authorizer, every client may do everything"
        return
    if desired.without_principal:
        yield f"no rights, since the registry has no principal: {', '.join(desired.without_principal)}"
    for grant in sorted(existing.grants):
        if grant.principal not in desired.principals and desired.covers(grant):
            yield f"{grant.principal}, who is not in the registry, may {grant.operation} on {describe_resource(grant)}"


def describe_resource(grant: Grant) -> str:
    """Return the description of a grant's resource."""
    kind = grant.resource.lower().replace("_", " ")
    name = f"{grant.name}…" if grant.prefix else grant.name
    return f"{kind} {name}" + ("" if grant.host == "*" else f" from {grant.host}")
