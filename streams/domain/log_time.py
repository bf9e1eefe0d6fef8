"""Compute the log time of a partition: the instant up to which all its source topics have been read.

`now` is the smallest log time of the partition's topics and never goes back; a topic that was not read for a while
catches up separately. A topic's log time is the timestamp of its last applied record or, when the topic is confirmed
at its head, the wall clock minus a grace. Otherwise the log time does not move, so that a backlog, an outage or a topic
ahead of another makes no report look late.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from streams.domain.duration_bins import FOREVER_MS, HOUR, SECOND

HEAD_GRACE: Final = 5 * SECOND
"""How far, in milliseconds, log time stays behind the wall clock at a head: more than fetch delay and clock skew."""

MAX_LEAD: Final = HOUR
"""How far, in milliseconds, a topic may be read ahead of a sibling before it is paused."""


class PartitionClock:
    """The log times of one partition's topics, in epoch milliseconds.

    `now`: the log time that the former owner of the partition had reached. `siblings`: for each topic, the topics that
    wait for each other; topics that it does not name wait for all. `applied_through`: the instants up to which topics
    were read that had not been read up to `now`. Such a topic and its siblings are *behind* until all of them have
    caught up; `now` moves without them until then.
    """

    def __init__(
        self,
        topics: Iterable[str],
        now: int = 0,
        siblings: Mapping[str, frozenset[str]] | None = None,
        applied_through: Mapping[str, int] | None = None,
    ) -> None:
        self._applied_through = dict.fromkeys(topics, now) | dict(applied_through or {})
        self._siblings = dict.fromkeys(self._applied_through, frozenset(self._applied_through)) | dict(siblings or {})
        self._heads: dict[str, int] = {}
        self.now = now
        self._behind = {topic for topic in self._applied_through if self._group_time(topic) < now}

    def remove(self, topics: Iterable[str]) -> None:
        """Leave out these topics: other topics do not wait for them any more."""
        for topic in topics:
            self._applied_through.pop(topic, None)
            self._heads.pop(topic, None)

    def limit_for(self, topic: str) -> int:
        """Return the log time that the other topics allow: `now` cannot pass it, whatever is read from `topic`."""
        if topic in self._behind:
            return self.now
        others = [time for name, time in self._log_times().items() if name != topic]
        return min(others, default=FOREVER_MS)

    def resume_time(self, topic: str) -> int:
        """Return the log time from which `topic` is read: `now`, or the topic's own log time if it is behind."""
        return self._applied_through[topic] if topic in self._behind else self.now

    def topics_behind(self) -> Mapping[str, int]:
        """Return the topics that are behind `now`, each with the instant up to which its group has been read."""
        return {topic: self._group_time(topic) for topic in self._behind}

    def merge_caught_up(self) -> None:
        """Let `now` depend again on the topics that have caught up."""
        if self._behind:
            self._behind = {topic for topic in self._behind if self._group_time(topic) < self.now}

    def _group_time(self, topic: str) -> int:
        """Return the instant up to which a topic and its siblings have been read."""
        group = [name for name in self._siblings[topic] if name in self._applied_through]
        return min(max(self._applied_through[name], self._heads.get(name, 0)) for name in group)

    def set_applied_through(self, topic: str, timestamp: int) -> None:
        """Record that `topic` has been applied up to `timestamp`; a smaller timestamp than before changes nothing."""
        self._applied_through[topic] = max(self._applied_through[topic], timestamp)

    def applied_through(self) -> Mapping[str, int]:
        """Return the timestamp up to which each topic has been applied, in epoch milliseconds."""
        return self._applied_through

    def confirm_heads(self, heads: Mapping[str, int]) -> None:
        """Replace the confirmed heads: `heads` maps each topic at its head to the wall clock of the confirmation.

        A topic that `heads` does not contain is not at its head.
        """
        self._heads = {topic: wall - HEAD_GRACE for topic, wall in heads.items()}

    def target(self) -> int:
        """Return the smallest log time of the topics that are not behind, up to which `now` may move."""
        return max(self.now, min(self._log_times().values(), default=self.now))

    def advance(self, now: int) -> None:
        """Move `now` forward; an earlier instant changes nothing."""
        self.now = max(self.now, now)

    def topics_too_far_ahead(self) -> frozenset[str]:
        """Return the topics that are more than MAX_LEAD ahead of a sibling that is not at its head."""
        behind = {topic: time for topic, time in self._applied_through.items() if topic not in self._heads}
        return frozenset(
            topic for topic in self._applied_through if self._applied_through[topic] > self._max_log_time(topic, behind)
        )

    def _max_log_time(self, topic: str, behind: Mapping[str, int]) -> int:
        return min([behind[name] for name in self._siblings[topic] if name in behind], default=FOREVER_MS) + MAX_LEAD

    def _log_times(self) -> dict[str, int]:
        return {
            topic: max(time, self._heads.get(topic, 0))
            for topic, time in self._applied_through.items()
            if topic not in self._behind
        }
