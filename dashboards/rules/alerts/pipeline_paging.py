"""Alerts that page the operator, in the order of cause and effect.

One cause sends one page: an alert inhibits the alerts that follow from it. So it fires sooner than they do, and
continues to fire (`keep_firing_for`) until they have ended, too.
"""

from typing import Final

from dashboards.promql import select
from dashboards.rules.alert import STALE_SECONDS, Alert, AlertSeverity, Audience, Inhibition, has_grown
from dashboards.rules.alerts.pipeline_tickets import TICKET_ALERTS

MAX_RESTARTS: Final = 3

_AS_OF: Final = select("safeclock_as_of_timestamp_seconds")
_EXPECTED: Final = select("safeclock_partitions_expected")
_READY: Final = select("safeclock_partition_ready")
_COMMITS_TOTAL: Final = select("safeclock_worker_commits_total")
_SOURCE_RECORDS_LOST: Final = select("safeclock_source_records_lost_total")
_SUSPENDED: Final = select("safeclock_worker_suspended_partitions")


# A worker mostly finds a gap when it starts, before its first scrape, and `increase` does not count a series that
# begins above zero. If a worker exits before any scrape, the board's counter has the gap; without a board, the workers'
# counters have it.
_RECORDS_LOST: Final = (
    f"max by (partition) (\n  ({_SOURCE_RECORDS_LOST} > 0) != (last_over_time({_SOURCE_RECORDS_LOST}[1d] offset 1h) or 0 * {_SOURCE_RECORDS_LOST})"
    f"\n  or increase({_SOURCE_RECORDS_LOST}[1h]) > 0\n  or {has_grown('safeclock_partition_records_lost_total')}\n)"
)

_CAUSE_CHAIN: Final = (
    "SafeclockWorkerRestarting",
    "SafeclockPartitionsNotReady",
    "SafeclockCommitsStalled",
    "SafeclockFiguresStale",
)
_TICKET_NAMES: Final = tuple(ticket.name for ticket in TICKET_ALERTS)


def _downstream_inhibitions(name: str) -> tuple[Inhibition, ...]:
    """Return what an alert of the chain inhibits: the rest of the chain and the tickets."""
    follows = _CAUSE_CHAIN[_CAUSE_CHAIN.index(name) + 1 :] if name in _CAUSE_CHAIN else _CAUSE_CHAIN
    return (Inhibition(targets=(*follows, *_TICKET_NAMES)),)


PAGING_ALERTS: Final = (
    Alert(
        name="SafeclockJobDown",
        expr='max by (job) (up{job=~"board|worker"}) == 0\nor absent(up{job="board"})\nor absent(up{job="worker"})',
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="no {{ $labels.job }} answers",
        for_="5m",
        keep_firing_for="15m",
        notified_within="7m",
        starting_when="the last board or the last worker stops answering",
        means="Prometheus reaches no board, or no worker. Without workers nothing is measured; without boards no figure "
        "is exported. Nothing is lost as long as the source topics keep their records.",
        check=(
            "Does the process run, and what are the last lines of its log?",
            "Does `/healthz` answer from Prometheus' host? If it does, check names, certificates and passwords.",
            "Does the broker run?",
        ),
        do=(
            (
                "Start the process. A worker restores its state from its changelog and continues from the checkpoint; a board "
                "reads all of `measures` again. Do not reset anything."
            ),
        ),
        not_meant="that events are lost.",
        inhibits=(*_downstream_inhibitions("SafeclockJobDown"), Inhibition(targets=Audience.ANALYST)),
    ),
    Alert(
        name="SafeclockWorkerRestarting",
        expr=f"max by (instance) (resets({_COMMITS_TOTAL}[1h])) >= {MAX_RESTARTS}",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="worker {{ $labels.instance }} restarted {{ $value }} times in an hour",
        for_="0m",
        notified_within="2m",
        starting_when=f"the first commit after restart number {MAX_RESTARTS} within an hour",
        means=f"a worker restarted {MAX_RESTARTS} times in an hour. A worker exits on purpose after a failed or fenced "
        "transaction, and its supervisor restarts it. One restart is a deployment; several are a fault that repeats.",
        check=(
            (
                "The worker's log: `the worker stopped: …`, or `the worker failed` and a traceback. If the log has neither, the "
                "worker was killed from outside, mostly because memory was short."
            ),
            "Whether two workers have the same `SAFECLOCK_INSTANCE`: each one stops the other.",
            "Memory and disk of the machine, and the broker's log at those times.",
        ),
        do=("Remove the cause. If it came with a deployment, return to the previous version.",),
        not_meant="that events are counted twice: an unfinished transaction has no effect.",
        inhibits=_downstream_inhibitions("SafeclockWorkerRestarting"),
    ),
    Alert(
        name="SafeclockPartitionsNotReady",
        expr=f"max({_EXPECTED}) - sum(max by (partition) ({_READY})) > 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="{{ $value }} partitions are not measured",
        for_="10m",
        keep_firing_for="5m",
        notified_within="13m",
        starting_when="the last status of a partition",
        means="for ten minutes, the last status of some partitions has been older than one minute. All figures wait for "
        "these partitions.",
        check=(
            (
                "*Partitions not ready* shows how many, `safeclock_partition_ready` shows which. Then "
                "`safeclock_worker_log_time_timestamp_seconds` by partition: if no worker exports a partition, it has no owner or "
                "is being restored."
            ),
            (
                "The workers' logs for `partition … is not served: it is not assigned of every source topic`: the topics "
                "have different numbers of partitions."
            ),
            (
                "`/readyz` of the workers names partitions that are being restored; `safeclock_worker_restore_seconds` says how "
                "long others took."
            ),
        ),
        do=(
            (
                "If a worker's log says `expected the topic with id …`, the worker stopped at a topic that was recreated, and "
                "waits for a decision: [a source topic](operations.md#a-source-topic-is-not-as-it-was), [the changelog or the "
                "measures](operations.md#the-changelog-or-the-measures-were-recreated)."
            ),
            "`safeclock admin plan` shows topics with different numbers of partitions.",
        ),
        not_meant="that events are lost.",
        inhibits=_downstream_inhibitions("SafeclockPartitionsNotReady"),
    ),
    Alert(
        name="SafeclockCommitsStalled",
        # A worker continues to export the counter of a partition that it lost; the owner's counter grows most.
        expr=f"max by (partition) (increase({_COMMITS_TOTAL}[10m])) == 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="no commit for partition {{ $labels.partition }} in ten minutes",
        for_="5m",
        notified_within="18m",
        starting_when="the last commit",
        means="the owner of a partition answers and commits nothing, not even the progress of time.",
        check=(
            "`/healthz` of the worker: it names stuck partitions.",
            "The broker: a transaction that hangs, replicas below `min.insync.replicas`, a full disk.",
            "The worker's log: errors of its Kafka client.",
        ),
        do=("Restart the worker if the broker is healthy and the worker does not recover automatically.",),
        not_meant="that the partition has no events: a worker commits the log time also without events.",
        inhibits=_downstream_inhibitions("SafeclockCommitsStalled"),
    ),
    Alert(
        name="SafeclockFiguresStale",
        expr=f"time() - max({_AS_OF}) > {STALE_SECONDS}\nor absent({_AS_OF})",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="the figures are older than 15 minutes or missing",
        for_="10m",
        notified_within="27m",
        starting_when="the instant up to which the figures are complete",
        means="no board exports figures, or the figures are complete only up to an instant more than 15 minutes ago. At "
        "least one partition is not measured; all figures wait for it. Alerts on platforms do not fire until the figures "
        "are fresh again.",
        check=(
            "`/readyz` of a board says why the figures are stale, and for which partitions.",
            "Which partition is behind? `safeclock_worker_log_time_timestamp_seconds` and `safeclock_worker_lag_records`.",
            "Does the broker run, and do all topics exist with the same number of partitions?",
        ),
        do=(
            (
                "After a large import or a long outage, wait until the lag has fallen. Deadlines are decided by log time, so "
                "the backlog causes no missed deadline."
            ),
            "Do not reset offsets; workers continue from the checkpoint in their changelog.",
        ),
        not_meant="that events are lost: the figures return.",
        inhibits=(*_downstream_inhibitions("SafeclockFiguresStale"), Inhibition(targets=Audience.ANALYST)),
    ),
    Alert(
        name="SafeclockRecordsLost",
        expr=_RECORDS_LOST,
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="records of partition {{ $labels.partition }} were deleted before they were read",
        for_="0m",
        notified_within="2m",
        starting_when="a worker finds the gap, and again whenever a worker starts with a gap",
        means="a worker found that the log now begins after its position: Kafka's retention deleted records before they "
        "were read. The worker counts the gap and continues after it; the figures miss those events.",
        check=("The worker's log: `offsets … to … of … are gone` names partition, offsets and topic.",),
        do=(
            "Set the retention of the source topics to more than the longest outage.",
            (
                "Ask the platforms to publish the events of that time again. Publishing again is safe: an event that was "
                "counted before is a duplicate."
            ),
            "Inform the analyst which days are affected.",
        ),
        not_meant="a fault that a restart repairs.",
    ),
    Alert(
        name="SafeclockPlatformSuspended",
        expr=f"max by (platform) ({_SUSPENDED}) > 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="{{ $labels.platform }} is not counted: one of its topics is missing or has wrong settings",
        for_="2m",
        notified_within="5m",
        starting_when="a worker suspends the platform",
        means="a topic of this platform, or of a platform that shares a topic with it, cannot be used: it is missing, was "
        "recreated, has another number of partitions, is compacted, has timestamps from its senders, ends before the "
        "worker's position, or may not be read. Workers read none of the platform's topics, keep their position in them, "
        "and count all other platforms. The platform's figures do not change, and no deadline of its reports is decided.",
        check=(
            (
                "A worker's log: `platform … suspended:` names the topic, what was expected, what was found, and the "
                "command to run."
            ),
            "`safeclock admin plan` shows the differences.",
        ),
        do=(
            (
                "If a topic, a setting or a right is missing: `safeclock admin apply`. Workers notice within seconds and "
                "continue automatically."
            ),
            "If the number of partitions is wrong: delete the topic, run `safeclock admin apply`, then accept it as below.",
            (
                "If a topic was recreated or truncated: `safeclock admin accept-source-reset TOPIC --from beginning|end` "
                "([operations.md](operations.md#a-source-topic-is-not-as-it-was)). Workers may run meanwhile; the owners of "
                "its partitions exit, and continue after their supervisor restarts them."
            ),
            ("Ask the platform to publish again the events of a lost or compacted log that were not read yet."),
        ),
        not_meant="that the platform is silent: it may have published everything.",
        inhibits=(Inhibition(targets=("SafeclockPlatformSilent", "SafeclockVolumeDropped"), equal=("platform",)),),
    ),
    Alert(
        name="SafeclockInternalRefusal",
        expr=has_grown("safeclock_events_refused_total", reason="internal"),
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="a fault of Safeclock refused an event of {{ $labels.platform }}",
        for_="0m",
        notified_within="3m",
        starting_when="the refusal, or the first scrape that shows it",
        means="Safeclock's code failed on an event and refused it. The refusal is counted, the event changed nothing else, "
        "and its bytes are still in the source topic.",
        check=(
            "The worker's log: `internal error at` topic, partition and offset, and the place in the code.",
            "`event-refused` names topic, partition and offset, too.",
        ),
        do=(
            "Reproduce the fault with that record, and fix it.",
            (
                "After the fix, publish the event again from the source topic: `safeclock replay --refused --reason internal` "
                "([operations.md](operations.md#replay-what-was-refused))."
            ),
        ),
        not_meant="a fault of the platform. Do not skip or delete records.",
    ),
    Alert(
        name="SafeclockOverCapacity",
        expr=has_grown("safeclock_events_refused_total", reason="over_capacity"),
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="a report of {{ $labels.platform }} was refused because its partition is full",
        for_="0m",
        notified_within="3m",
        starting_when="the refusal",
        means="a partition holds as many reports of the platform as the registry allows, or one filing day has the maximum "
        "number of different label sets. The partition refuses further reports of the platform, with their actions. "
        "Known reports continue to count, and other platforms are not affected.",
        check=(
            "`safeclock_capacity_used_ratio` of the platform: at 1, reports fill the partition; below 1, label sets do.",
            "`safeclock_reports_filed_total` of the platform: does the service really have so many reports?",
        ),
        do=(
            (
                "If it does: give the workers more memory ([performance.md](performance.md#what-one-platform-may-hold)), raise "
                "the platform's `capacity` in the registry, restart workers and boards, then run "
                "`safeclock replay --refused --reason over_capacity` "
                "([operations.md](operations.md#replay-what-was-refused))."
            ),
            "If it does not: ask the platform's engineer to stop the publisher, or remove its write right.",
        ),
        not_meant="a fault of the worker: the limit keeps one platform from using the memory of all platforms.",
    ),
    Alert(
        name="SafeclockPlatformUncommittable",
        expr=f"max by (partition) ({select('safeclock_worker_uncommittable_platforms')}) > 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="partition {{ $labels.partition }} does not count {{ $value | humanize }} platforms",
        for_="0m",
        notified_within="3m",
        starting_when="a partition cannot commit the state of a platform",
        means="the partition cannot commit the state of one platform: a row does not fit a record batch, or Safeclock's "
        "code failed. The partition has dropped the platform's uncommitted changes and reads no more of its topics. Nothing "
        "is lost: the position in these topics does not move. Other platforms are counted.",
        check=(
            "The worker's log: `is suspended`, with the partition, the platform, and the limit or the place in the code.",
            "`max.message.bytes` of the changelog and of `measures`: `safeclock admin plan`.",
        ),
        do=(
            "If a row does not fit: `safeclock admin apply` sets the right limit on the topics.",
            "If the code failed: fix the fault, or return to the previous version.",
            "Then restart the worker: it reads the platform's topics from the committed position.",
        ),
        not_meant="that the platform is silent or events are lost: events wait in its topics until their retention ends.",
    ),
)
