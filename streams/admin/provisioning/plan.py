"""What must change so that a broker has what it should: a pure function of both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from streams.admin.provisioning.desired_state import DesiredState, Grant, PasswordSources
from streams.contract.topics import TopicSettings


class ExistingTopic(NamedTuple):
    """A topic as the broker has it; `settings` is empty where it does not tell."""

    partitions: int
    replicas: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingState:
    """What the broker has; `grants` None: it asks nobody who may do what; `users` None: nobody signs in by SCRAM."""

    topics: Mapping[str, ExistingTopic]
    grants: frozenset[Grant] | None = None
    users: frozenset[str] | None = None


class CreateTopic(NamedTuple):
    """A topic is missing."""

    topic: TopicSettings


class SetSetting(NamedTuple):
    """A topic's setting differs."""

    topic: str
    setting: str
    current: str
    wanted: str


class Allow(NamedTuple):
    """Somebody lacks a right."""

    grant: Grant


class Revoke(NamedTuple):
    """Somebody of ours has a right on something of ours that they should not have."""

    grant: Grant


class CreateUser(NamedTuple):
    """Somebody of ours cannot sign in yet."""

    user: str


class RenewPassword(NamedTuple):
    """Somebody's password is to be set anew."""

    user: str


Change = CreateTopic | SetSetting | Allow | Revoke | CreateUser | RenewPassword


class Plan(NamedTuple):
    """Changes in the order in which they are made; what is `refused` stands in the way; `remarks` change nothing."""

    changes: tuple[Change, ...]
    refused: tuple[str, ...]
    remarks: tuple[str, ...]


def plan_changes(desired: DesiredState, existing: ExistingState) -> Plan:
    """Return what to change. Rights are given before others are taken, so that nobody is locked out in between."""
    changes = (
        *_topic_changes(desired, existing),
        *_grant_changes(desired, existing),
        *_user_changes(desired, existing),
    )
    return Plan(changes, tuple(_refusals(desired, existing)), tuple(_remarks(desired, existing)))


def _topic_changes(desired: DesiredState, existing: ExistingState) -> Iterator[Change]:
    for topic in desired.topics:
        there = existing.topics.get(topic.name)
        if there is None:
            yield CreateTopic(topic)
            continue
        for setting, value in topic.config.items():
            current = there.settings.get(setting, value)
            if current != value:
                yield SetSetting(topic.name, setting, current, value)


def _grant_changes(desired: DesiredState, existing: ExistingState) -> Iterator[Change]:
    if existing.grants is None:
        return
    ours = {grant for grant in existing.grants if grant.principal in desired.principals and desired.covers(grant)}
    yield from (Allow(grant) for grant in sorted(desired.grants - ours))
    yield from (Revoke(grant) for grant in sorted(ours - desired.grants))


def _user_changes(desired: DesiredState, existing: ExistingState) -> Iterator[Change]:
    if existing.users is None or desired.password_sources is None:
        return
    known = desired.users & desired.password_sources.users
    yield from (CreateUser(user) for user in sorted(known - existing.users))
    yield from (RenewPassword(user) for user in sorted(known & existing.users & desired.password_sources.renewed_users))


def _refusals(desired: DesiredState, existing: ExistingState) -> Iterator[str]:
    for topic in desired.topics:
        there = existing.topics.get(topic.name)
        if there is not None and there.partitions != topic.partitions:
            yield (
                f"{topic.name} has {there.partitions} partitions, {topic.partitions} are wanted: refused, since keys"
                " would move to other partitions and a report would no longer meet its own events"
            )
    for platform in desired.invalid_principal:
        yield f"{platform}: expected a principal such as User:{platform} in the registry"
    if desired.password_sources is not None and existing.users is not None:
        yield from _password_refusals(desired, desired.password_sources)


def _password_refusals(desired: DesiredState, sources: PasswordSources) -> Iterator[str]:
    for user in sorted(sources.renewed_users - desired.users):
        yield f"{user}: nobody in the registry signs in by that name, so there is no password to renew"
    for user in sorted((sources.renewed_users & desired.users) - sources.users):
        yield f"{user}: there is no password to renew it with"


def _remarks(desired: DesiredState, existing: ExistingState) -> Iterator[str]:
    yield from _history_remarks(desired)
    yield from _topic_remarks(desired, existing)
    yield from _unknown_principal_remarks(desired, existing)
    if existing.users is None:
        yield "users are left out: this broker lets nobody sign in by SCRAM-SHA-512"
    elif desired.password_sources is None:
        yield "users are left out: say where the passwords are with --passwords or --passwords-from"
    else:
        missing = sorted(desired.users - existing.users - desired.password_sources.users)
        yield from (
            f"{user} cannot sign in: there is no such user, and no password to make one with" for user in missing
        )


def _history_remarks(desired: DesiredState) -> Iterator[str]:
    """Tell which spans of audited history the registry opens: that takes no topic and no right, but a restart."""
    for span in desired.history:
        ends = f"closes on {span['closes_on']}" if span["closes_on"] else "open until the registry says `closes_on`"
        yield (
            f"{span['platform']}: history from {span['since']} until {span['until']}, opened on {span['opened_on']} by"
            f" {span['opened_by']}, {ends}; workers and boards take it up when they start"
        )


def _topic_remarks(desired: DesiredState, existing: ExistingState) -> Iterator[str]:
    for topic in desired.topics:
        there = existing.topics.get(topic.name)
        if there is not None and there.replicas < topic.replication_factor:
            yield (
                f"{topic.name} is on {there.replicas} brokers, {topic.replication_factor} are wanted: moving copies is"
                " the work of kafka-reassign-partitions.sh"
            )
        if there is not None and not there.settings:
            yield f"{topic.name}: the broker does not tell its settings, or not to us: that takes DESCRIBE_CONFIGS on it"


def _unknown_principal_remarks(desired: DesiredState, existing: ExistingState) -> Iterator[str]:
    """Tell of rights on what is ours that somebody has whom the registry does not know; they are not ours to take."""
    if existing.grants is None:
        yield "rights are left out: this broker has no authorizer, whoever reaches it may do everything"
        return
    if desired.without_principal:
        yield f"without a principal in the registry, and so without rights: {', '.join(desired.without_principal)}"
    for grant in sorted(existing.grants):
        if grant.principal not in desired.principals and desired.covers(grant):
            yield f"{grant.principal}, who is not in the registry, may {grant.operation} on {describe_resource(grant)}"


def describe_resource(grant: Grant) -> str:
    """Return what a grant is about, in words."""
    kind = grant.resource.lower().replace("_", " ")
    name = f"{grant.name}…" if grant.prefix else grant.name
    return f"{kind} {name}" + ("" if grant.host == "*" else f" from {grant.host}")
