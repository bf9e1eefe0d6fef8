"""What a broker should have for a registry: topics, who may do what, and who can sign in."""

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
    """That somebody may do something, in Kafka's words; `prefix` says that `name` is how the names begin.

    Whoever may read or write may also describe.
    """

    principal: str
    resource: str
    name: str
    operation: str
    prefix: bool = False
    host: str = "*"


class Principals(NamedTuple):
    """The principals of our own processes."""

    worker: str = "User:safeclock-worker"
    board: str = "User:safeclock-board"


class PasswordSources(NamedTuple):
    """Where passwords may lie: the users who have one there, and of whom it is to be set anew."""

    users: frozenset[str]
    renewed_users: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """What the broker should have.

    `grants` are all that `principals` should have. `passwords` None: users are left alone. `unnamed` are the platforms
    without a principal, `nameless` those whose principal is none. `history` are the spans of audited history, in words.
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
        """The principals that can sign in with a password, by the names that they sign in with."""
        return frozenset(user for name in self.principals if (user := user_name(name)))

    def covers(self, grant: Grant) -> bool:
        """Whether a grant is about something of ours; a prefix or `*` may be about more than that."""
        ours = {(TOPIC, topic.name, False) for topic in self.topics} | {
            (own.resource, own.name, own.prefix) for own in self.grants
        }
        return any(_overlaps(grant, *own) for own in ours)


def _overlaps(grant: Grant, resource: str, name: str, prefix: bool) -> bool:  # noqa: FBT001 - as in a grant
    if grant.resource != resource:
        return False
    if grant.name in {"*", name}:
        return True
    return (grant.prefix and name.startswith(grant.name)) or (prefix and grant.name.startswith(name))


def user_name(principal: str) -> str:
    """Return the name that a principal signs in with; "" where it is nobody's or a certificate's."""
    name = principal.removeprefix(_USER_PREFIX)
    named = principal.startswith(_USER_PREFIX) and name not in {"*", "ANONYMOUS"} and "=" not in name
    return name if named else ""


def desired_state(
    registry: Registry,
    application: str,
    topics: Sequence[TopicSettings],
    principals: Principals = Principals(),  # noqa: B008 - immutable
    password_sources: PasswordSources | None = None,
) -> DesiredState:
    """Return what the application should have; `topics` are those of the table."""
    feedback = registry.feedback_topics()
    platforms = sorted(registry.platforms.values(), key=lambda each: each.id)
    named = [each for each in platforms if _is_principal(each.principal)]
    grants = frozenset(
        [
            *(grant for platform in named for grant in _platform_grants(platform, feedback.get(platform.id, ""))),
            *_worker_grants(principals.worker, application, registry),
            *_board_grants(principals.board),
        ]
    )
    return DesiredState(
        topics=topics,
        grants=grants,
        principals=frozenset({*principals, *(each.principal for each in named)}),
        password_sources=password_sources,
        without_principal=tuple(each.id for each in platforms if not each.principal),
        invalid_principal=tuple(each.id for each in platforms if each.principal and each not in named),
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
    # A transactional id is the application and the partition.
    yield Grant(worker, TRANSACTIONAL_ID, f"{application}-", WRITE, prefix=True)


def _board_grants(board: str) -> Iterator[Grant]:
    return _topic_grants(board, MEASURES, READ)


def _topic_grants(principal: str, topic: str, *operations: str) -> Iterator[Grant]:
    return (Grant(principal, TOPIC, topic, operation) for operation in operations)
