"""The platform registry: which platforms publish, on which topics, how often, and under whose law.

An operator writes a registry in TOML; the module `file` reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from re import compile as pattern
from typing import Final, Self

import msgspec

from streams.contract.registry.jurisdictions import DEFAULT_GROUPS, Groups
from streams.domain.ledger.config import DEFAULT_CAPACITY

DEFAULT_PARTITIONS: Final = 8
DEFAULT_CADENCE_MS: Final = 5 * 60 * 1000
PLATFORM_ID: Final = pattern(r"[a-z][a-z0-9-]{0,31}")
"""The full pattern of a platform's id, which is part of keys, topics, labels and sources."""


class Role(StrEnum):
    """What a source topic carries; the value is the shared topic and the prefix of a platform's own."""

    REPORT_FILED = "report-filed"
    ACTION_TAKEN = "action-taken"


def _format_day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedHistory:
    """A span of audited history that is open for one platform; instants in epoch milliseconds.

    Events that occurred in [`since`, `until`) and are logged in [`opened_on`, `closes_on`) are accepted although they
    are older than a live event may be. `opened_by` is the responsible office; `closes_on` is None if not known yet.
    """

    since: int
    until: int
    opened_on: int
    opened_by: str
    closes_on: int | None = None

    def to_texts(self) -> dict[str, str]:
        """Return the span as texts for reports and metrics: days in UTC, and "" for an unknown `closes_on`."""
        closes = "" if self.closes_on is None else _format_day(self.closes_on)
        return {
            "since": _format_day(self.since),
            "until": _format_day(self.until),
            "opened_on": _format_day(self.opened_on),
            "opened_by": self.opened_by,
            "closes_on": closes,
        }

    def accepts(self, occurred_at: int, logged_at: int) -> bool:
        """Return whether this span covers an event, given the two instants in epoch milliseconds."""
        opened = self.opened_on <= logged_at and (self.closes_on is None or logged_at < self.closes_on)
        return opened and self.since <= occurred_at < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One online service that publishes.

    `cadence_ms`: how often the platform promises to publish and to send a heartbeat. `measured_from`: the instant from
    which its figures count (None: from its first event). `jurisdictions`: the groups under whose law it acts (empty:
    not stated). `principal`: its Kafka identity (empty: none). `capacity`: how many of its reports a partition retains.
    `feedback`: the topic of its statuses and refusals. `history`: its spans of audited history, the earliest first.
    """

    id: str
    provider: str
    report_filed: str
    action_taken: str
    cadence_ms: int = DEFAULT_CADENCE_MS
    measured_from: int | None = None
    jurisdictions: tuple[str, ...] = ()
    principal: str = ""
    capacity: int = DEFAULT_CAPACITY
    feedback: str = ""
    history: tuple[AuditedHistory, ...] = ()

    def topic(self, role: Role) -> str:
        """Return this platform's topic for `role`."""
        return self.report_filed if role is Role.REPORT_FILED else self.action_taken


def default_platform(id: str) -> Platform:  # noqa: A002 - the name of the field
    """Return the entry of an open registry for an id: the shared topics and the default cadence."""
    return Platform(id=id, provider="", report_filed=Role.REPORT_FILED, action_taken=Role.ACTION_TAKEN)


@dataclass(frozen=True)
class Registry:
    """All platforms that may publish; `accepts_all` is for files that are read without a registry."""

    platforms: Mapping[str, Platform]
    groups: Groups = field(default_factory=lambda: DEFAULT_GROUPS)
    partitions: int = DEFAULT_PARTITIONS
    accepts_all: bool = False

    @classmethod
    def accepting_all(cls) -> Self:
        """Return the registry that accepts every platform whose id is well formed, on the shared topics."""
        return cls(platforms={}, accepts_all=True)

    def platform(self, id: str) -> Platform | None:  # noqa: A002 - the word of the contract
        """Return the platform called `id`, or None if no such platform may publish."""
        if self.accepts_all and PLATFORM_ID.fullmatch(id):
            return default_platform(id)
        return self.platforms.get(id)

    def source_topics(self) -> tuple[str, ...]:
        """Return every topic that carries events, sorted; the shared pair for an open registry."""
        if self.accepts_all:
            return tuple(sorted(Role))
        return tuple(sorted(self._topic_index))

    def role_of_topic(self, topic: str) -> Role | None:
        """Return what `topic` carries, or None for a topic that is no source topic."""
        if self.accepts_all:
            return Role(topic) if topic in set(Role) else None
        role_and_ids = self._topic_index.get(topic)
        return role_and_ids[0] if role_and_ids else None

    def platforms_of_topic(self, topic: str) -> frozenset[str]:
        """Return the ids that may publish on `topic`; empty for an unknown topic and for an open registry."""
        role_and_ids = self._topic_index.get(topic)
        return role_and_ids[1] if role_and_ids else frozenset()

    def platform_of_topic(self, topic: str) -> str | None:
        """Return the only platform that publishes on `topic`, or None for a shared or unknown topic."""
        ids = self.platforms_of_topic(topic)
        return next(iter(ids)) if len(ids) == 1 else None

    def history_texts(self) -> list[dict[str, str]]:
        """Return the spans of history of all platforms as texts, ordered by platform and time."""
        platforms = sorted(self.platforms.values(), key=lambda platform: platform.id)
        return [{"platform": entry.id, **span.to_texts()} for entry in platforms for span in entry.history]

    def feedback_topics(self) -> dict[str, str]:
        """Return the feedback topic of every platform that shares neither of its source topics, by platform."""
        return {
            entry.id: entry.feedback
            for entry in sorted(self.platforms.values(), key=lambda platform: platform.id)
            if entry.feedback and all(self.platform_of_topic(entry.topic(role)) for role in Role)
        }

    def filing_topics(self) -> dict[str, frozenset[str]]:
        """Return, for every topic with actions, the topics with the filings of the same reports."""
        if self.accepts_all:
            return {Role.ACTION_TAKEN: frozenset({Role.REPORT_FILED})}
        by_action_topic: dict[str, frozenset[str]] = {}
        for platform in self.platforms.values():
            if platform.action_taken != platform.report_filed:
                by_action_topic[platform.action_taken] = by_action_topic.get(platform.action_taken, frozenset()) | {
                    platform.report_filed
                }
        return by_action_topic

    def related_topics(self) -> dict[str, frozenset[str]]:
        """Return, for every source topic, the topics of its platforms and of platforms that share a topic with them.

        A delay on one of these topics may delay the others, and no other topic.
        """
        related = {topic: frozenset({topic}) for topic in self.source_topics()}
        shared = [frozenset(related)] if self.accepts_all else []
        own = [frozenset({platform.report_filed, platform.action_taken}) for platform in self.platforms.values()]
        for topics in (*shared, *own):
            joined = frozenset().union(*(related[topic] for topic in topics))
            related |= dict.fromkeys(joined, joined)
        return related

    @cached_property
    def hash(self) -> str:
        """The SHA-256 of the content, in hexadecimal, which does not depend on any order in the file."""
        content = (
            self.partitions,
            self.accepts_all,
            sorted((name, sorted(countries)) for name, countries in self.groups.items()),
            sorted(self.platforms.values(), key=lambda platform: platform.id),
        )
        return sha256(msgspec.json.encode(content)).hexdigest()

    @cached_property
    def _topic_index(self) -> dict[str, tuple[Role, frozenset[str]]]:
        ids: dict[str, set[str]] = {}
        roles: dict[str, Role] = {}
        for platform in self.platforms.values():
            for role in Role:
                topic = platform.topic(role)
                ids.setdefault(topic, set()).add(platform.id)
                roles[topic] = role
        return {topic: (roles[topic], frozenset(ids[topic])) for topic in ids}
