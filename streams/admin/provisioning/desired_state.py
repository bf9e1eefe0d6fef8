"""Compute the desired state of a broker from the registry: topics, rights, and users that can log in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from streams.contract.registry.registry import Platform, Registry, Role
from streams.contract.topics import EVENT_REFUSED, MEASURES, REPORT_UPDATES, TopicSettings, changelog_topic

TOPIC: Final = "TOPIC"
GROUP: Final = "GROUP"
TRANSACTIONAL_ID: Final = "TRANSACTIONAL_ID"

READ: Final = "READ"
WRITE: Final = "WRITE"
DESCRIBE: Final = "DESCRIBE"
DESCRIBE_CONFIGS: Final = "DESCRIBE_CONFIGS"

_USER_PREFIX: Final = "User:"


class Grant(NamedTuple):
    """A right of a principal, in Kafka's terms; with `prefix`, `name` is the beginning of resource names.

    The rights to read and to write include the right to describe.
    """

    principal: str
    resource: str
    name: str
    operation: str
    prefix: bool = False
    host: str = "*"


class Principals(NamedTuple):
    """The principals of Safeclock's own processes."""

    worker: str = "User:safeclock-worker"
    board: str = "User:safeclock-board"


class PasswordSources(NamedTuple):
    """The users for whom a password was given, and those whose password is to be set again."""

    users: frozenset[str]
    renewed_users: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """The desired state of a broker.

    `grants` are all rights that `principals` should have. `password_sources` None: users are not changed.
    `without_principal` are the platforms without a principal, `invalid_principal` those whose principal is malformed.
    `history` describes the spans of audited history.
    """

    topics: Sequence[TopicSettings]
    grants: frozenset[Grant]
    principals: frozenset[str]
    password_sources: PasswordSources | None = None
    without_principal: tuple[str, ...] = ()
    invalid_principal: tuple[str, ...] = ()
    history: Sequence[Mapping[str, str]] = ()

    @property
    def users(self) -> frozenset[str]:
        """The user names of the principals that log in with a password."""
        return frozenset(user for name in self.principals if (user := user_name(name)))

    def covers(self, grant: Grant) -> bool:
        """Return whether a grant concerns a resource of this state; a prefix or `*` may concern others, too."""
        resources = {(TOPIC, topic.name, False) for topic in self.topics} | {
            (desired.resource, desired.name, desired.prefix) for desired in self.grants
        }
        return any(_overlaps(grant, *desired) for desired in resources)


def _overlaps(grant: Grant, resource: str, name: str, prefix: bool) -> bool:  # noqa: FBT001 - the fields of a grant
    if grant.resource != resource:
        return False
    if grant.name in {"*", name}:
        return True
    return (grant.prefix and name.startswith(grant.name)) or (prefix and grant.name.startswith(name))


def user_name(principal: str) -> str:
    """Return the user name of a principal; "" if the principal is anonymous, a wildcard or a certificate."""
    name = principal.removeprefix(_USER_PREFIX)
    is_user = principal.startswith(_USER_PREFIX) and name not in {"*", "ANONYMOUS"} and "=" not in name
    return name if is_user else ""


def desired_state(
    registry: Registry,
    application: str,
    topics: Sequence[TopicSettings],
    principals: Principals = Principals(),  # noqa: B008 - immutable
    password_sources: PasswordSources | None = None,
) -> DesiredState:
    """Return the desired state of an application; `topics` are those that the contract requires."""
    feedback = registry.feedback_topics()
    platforms = sorted(registry.platforms.values(), key=lambda platform: platform.id)
    with_principal = [platform for platform in platforms if _is_principal(platform.principal)]
    grants = frozenset(
        [
            *(
                grant
                for platform in with_principal
                for grant in _platform_grants(platform, feedback.get(platform.id, ""))
            ),
            *_worker_grants(principals.worker, application, registry),
            *_board_grants(principals.board),
        ]
    )
    return DesiredState(
        topics=topics,
        grants=grants,
        principals=frozenset({*principals, *(platform.principal for platform in with_principal)}),
        password_sources=password_sources,
        without_principal=tuple(platform.id for platform in platforms if not platform.principal),
        invalid_principal=tuple(
            platform.id for platform in platforms if platform.principal and platform not in with_principal
        ),
        history=registry.history_texts(),
    )


def _is_principal(text: str) -> bool:
    kind, colon, name = text.partition(":")
    return bool(kind and colon and name)


def _platform_grants(platform: Platform, feedback: str) -> Iterator[Grant]:
    for topic in {platform.topic(role) for role in Role}:
        yield from _topic_grants(platform.principal, topic, WRITE, DESCRIBE)
    if feedback:
        yield from _topic_grants(platform.principal, feedback, READ)


def _worker_grants(worker: str, application: str, registry: Registry) -> Iterator[Grant]:
    writes: Mapping[str, tuple[str, ...]] = {
        changelog_topic(application): (READ, WRITE, DESCRIBE_CONFIGS),
        MEASURES: (READ, WRITE, DESCRIBE_CONFIGS),
        **dict.fromkeys(
            (EVENT_REFUSED, REPORT_UPDATES, *registry.feedback_topics().values()), (WRITE, DESCRIBE_CONFIGS)
        ),
    }
    for topic in registry.source_topics():
        yield from _topic_grants(worker, topic, READ, DESCRIBE_CONFIGS)
    for topic, operations in writes.items():
        yield from _topic_grants(worker, topic, *operations)
    yield Grant(worker, GROUP, application, READ)
    # A transactional id is the name of the application, a hyphen and the partition.
    yield Grant(worker, TRANSACTIONAL_ID, f"{application}-", WRITE, prefix=True)


def _board_grants(board: str) -> Iterator[Grant]:
    return _topic_grants(board, MEASURES, READ)


def _topic_grants(principal: str, topic: str, *operations: str) -> Iterator[Grant]:
    return (Grant(principal, TOPIC, topic, operation) for operation in operations)
