"""What must change so that a broker has what it should: a pure function of both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from streams.admin.provisioning.desired_state import Grant, Sources, Wanted
from streams.contract.topics import TopicSettings


class FoundTopic(NamedTuple):
    """A topic as the broker has it; `settings` is empty where it does not tell."""

    partitions: int
    replicas: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the broker has; `grants` None: it asks nobody who may do what; `users` None: nobody signs in by SCRAM."""

    topics: Mapping[str, FoundTopic]
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


def plan(wanted: Wanted, found: Found) -> Plan:
    """Return what to change. Rights are given before others are taken, so that nobody is locked out in between."""
    changes = (*_topics(wanted, found), *_rights(wanted, found), *_users(wanted, found))
    return Plan(changes, tuple(_refused(wanted, found)), tuple(_remarks(wanted, found)))


def _topics(wanted: Wanted, found: Found) -> Iterator[Change]:
    for topic in wanted.topics:
        there = found.topics.get(topic.name)
        if there is None:
            yield CreateTopic(topic)
            continue
        for setting, value in topic.config.items():
            current = there.settings.get(setting, value)
            if current != value:
                yield SetSetting(topic.name, setting, current, value)


def _rights(wanted: Wanted, found: Found) -> Iterator[Change]:
    if found.grants is None:
        return
    ours = {grant for grant in found.grants if grant.principal in wanted.principals and wanted.touches(grant)}
    yield from (Allow(grant) for grant in sorted(wanted.grants - ours))
    yield from (Revoke(grant) for grant in sorted(ours - wanted.grants))


def _users(wanted: Wanted, found: Found) -> Iterator[Change]:
    if found.users is None or wanted.passwords is None:
        return
    known = wanted.users & wanted.passwords.users
    yield from (CreateUser(user) for user in sorted(known - found.users))
    yield from (RenewPassword(user) for user in sorted(known & found.users & wanted.passwords.renewed))


def _refused(wanted: Wanted, found: Found) -> Iterator[str]:
    for topic in wanted.topics:
        there = found.topics.get(topic.name)
        if there is not None and there.partitions != topic.partitions:
            yield (
                f"{topic.name} has {there.partitions} partitions, {topic.partitions} are wanted: refused, since keys"
                " would move to other partitions and a report would no longer meet its own events"
            )
    for platform in wanted.nameless:
        yield f"{platform}: expected a principal such as User:{platform} in the registry"
    if wanted.passwords is not None and found.users is not None:
        yield from _unrenewable(wanted, wanted.passwords)


def _unrenewable(wanted: Wanted, passwords: Sources) -> Iterator[str]:
    for user in sorted(passwords.renewed - wanted.users):
        yield f"{user}: nobody in the registry signs in by that name, so there is no password to renew"
    for user in sorted((passwords.renewed & wanted.users) - passwords.users):
        yield f"{user}: there is no password to renew it with"


def _remarks(wanted: Wanted, found: Found) -> Iterator[str]:
    yield from _histories(wanted)
    yield from _untold(wanted, found)
    yield from _strangers(wanted, found)
    if found.users is None:
        yield "users are left out: this broker lets nobody sign in by SCRAM-SHA-512"
    elif wanted.passwords is None:
        yield "users are left out: say where the passwords are with --passwords or --passwords-from"
    else:
        missing = sorted(wanted.users - found.users - wanted.passwords.users)
        yield from (
            f"{user} cannot sign in: there is no such user, and no password to make one with" for user in missing
        )


def _histories(wanted: Wanted) -> Iterator[str]:
    """Tell which spans of audited history the registry opens: that takes no topic and no right, but a restart."""
    for span in wanted.history:
        ends = f"closes on {span['closes_on']}" if span["closes_on"] else "open until the registry says `closes_on`"
        yield (
            f"{span['platform']}: history from {span['since']} until {span['until']}, opened on {span['opened_on']} by"
            f" {span['opened_by']}, {ends}; workers and boards take it up when they start"
        )


def _untold(wanted: Wanted, found: Found) -> Iterator[str]:
    for topic in wanted.topics:
        there = found.topics.get(topic.name)
        if there is not None and there.replicas < topic.replication_factor:
            yield (
                f"{topic.name} is on {there.replicas} brokers, {topic.replication_factor} are wanted: moving copies is"
                " the work of kafka-reassign-partitions.sh"
            )
        if there is not None and not there.settings:
            yield f"{topic.name}: the broker does not tell its settings, or not to us: that takes DESCRIBE_CONFIGS on it"


def _strangers(wanted: Wanted, found: Found) -> Iterator[str]:
    """Tell of rights on what is ours that somebody has whom the registry does not know; they are not ours to take."""
    if found.grants is None:
        yield "rights are left out: this broker has no authorizer, whoever reaches it may do everything"
        return
    if wanted.unnamed:
        yield f"without a principal in the registry, and so without rights: {', '.join(wanted.unnamed)}"
    for grant in sorted(found.grants):
        if grant.principal not in wanted.principals and wanted.touches(grant):
            yield f"{grant.principal}, who is not in the registry, may {grant.operation} on {named(grant)}"


def named(grant: Grant) -> str:
    """Return what a grant is about, in words."""
    kind = grant.resource.lower().replace("_", " ")
    name = f"{grant.name}…" if grant.prefix else grant.name
    return f"{kind} {name}" + ("" if grant.host == "*" else f" from {grant.host}")
