"""What pages the operator, in the order of cause and effect.

One cause is told once. What stands higher here keeps silent what follows from it, so it fires sooner than they do, and
goes on firing for a while (`keep`) after it ends, until they have ended too.
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


# A gap is mostly found when a worker starts, before its first scrape: `increase` does not see such a birth. A worker
# that ends before anybody looks at it leaves its gap to the board's word; while no board is there, workers are heard.
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
    """Return what an alert of the chain keeps silent: the rest of the chain and the tickets."""
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
        means="Prometheus reaches no board, or no worker. Without workers nothing is measured; without boards nothing "
        "is told. Nothing is lost as long as the source topics keep their records.",
        check=(
            "Does the process run, and what does its log say last?",
            "Does `/healthz` answer from Prometheus' own host? If it does, look at names, certificates and passwords.",
            "Is the broker up?",
        ),
        do=(
            (
                "Start it. A worker restores itself from its changelog and goes on from its position there; a board reads "
                "`measures` anew. Nothing is to be reset."
            ),
        ),
        not_meant="a loss.",
        inhibits=(*_downstream_inhibitions("SafeclockJobDown"), Inhibition(targets=Audience.ANALYST)),
    ),
    Alert(
        name="SafeclockWorkerRestarting",
        expr=f"max by (instance) (resets({_COMMITS_TOTAL}[1h])) >= {MAX_RESTARTS}",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="worker {{ $labels.instance }} started anew {{ $value }} times in an hour",
        for_="0m",
        notified_within="2m",
        starting_when=f"the first commit after the start number {MAX_RESTARTS} of an hour",
        means=f"a worker lost its counters {MAX_RESTARTS} times in an hour. A failed or fenced transaction ends the "
        "process on purpose and the supervisor starts it again; once is a deployment, more is a fault that comes back.",
        check=(
            (
                "The worker's log: `the worker stopped: …`, or `the worker failed` and a traceback. Neither of them: it was "
                "killed from outside, mostly for want of memory."
            ),
            "Whether two workers bear one `SAFECLOCK_INSTANCE`: each ends the other.",
            "Memory and disk of the machine, and the broker's log at those times.",
        ),
        do=("Take away the reason. If a deployment brought it, go back to the version before.",),
        not_meant="double counting: what a transaction did not finish is not there.",
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
        starting_when="a partition was last heard of",
        means="the board has heard nothing of some partitions for more than a minute, for ten minutes. All figures "
        "wait for them.",
        check=(
            (
                "*Partitions not ready*: how many? Which: `safeclock_partition_ready`. Then "
                "`safeclock_worker_log_time_timestamp_seconds` by partition: one that no worker exports has no owner, or is being "
                "restored."
            ),
            (
                "The workers' logs for `partition … is not served: it is not assigned of every source topic`: the topics "
                "have different numbers of partitions."
            ),
            (
                "`/readyz` of the workers names partitions that are being restored; `safeclock_worker_restore_seconds`, how "
                "long the others took."
            ),
        ),
        do=(
            (
                "A worker that says `expected the topic with id …` in its log stopped at a topic that was made anew, and "
                "waits for a decision: [a source topic](operations.md#a-source-topic-is-not-as-it-was), [the changelog or the "
                "measures](operations.md#the-changelog-or-the-measures-were-recreated)."
            ),
            "Topics with different numbers of partitions: `safeclock admin plan` shows them.",
        ),
        not_meant="a loss.",
        inhibits=_downstream_inhibitions("SafeclockPartitionsNotReady"),
    ),
    Alert(
        name="SafeclockCommitsStalled",
        # A worker goes on telling the counter of a partition that it lost: its owner is who counts most.
        expr=f"max by (partition) (increase({_COMMITS_TOTAL}[10m])) == 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="nothing was committed for partition {{ $labels.partition }} in ten minutes",
        for_="5m",
        notified_within="18m",
        starting_when="the last commit",
        means="a partition has an owner that answers and commits nothing, not even that time has passed.",
        check=(
            "`/healthz` of the worker: it names stuck partitions.",
            "The broker: a transaction that hangs, replicas below `min.insync.replicas`, a full disk.",
            "The worker's log, for what its Kafka client says of the broker.",
        ),
        do=("Restart the worker when the broker is well and it does not go on by itself.",),
        not_meant="idleness: a partition without events commits its time all the same.",
        inhibits=_downstream_inhibitions("SafeclockCommitsStalled"),
    ),
    Alert(
        name="SafeclockFiguresStale",
        expr=f"time() - max({_AS_OF}) > {STALE_SECONDS}\nor absent({_AS_OF})",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="the figures are older than 15 minutes or there are none",
        for_="10m",
        notified_within="27m",
        starting_when="the instant that the figures are as of",
        means="no board tells figures, or they are as of an instant more than 15 minutes ago. At least one partition "
        "is not measured; all figures wait for it. Alerts on platforms are held back until it is over.",
        check=(
            "`/readyz` of a board says why the figures are greyed, and for which partitions.",
            "Which partition is behind? `safeclock_worker_log_time_timestamp_seconds` and `safeclock_worker_lag_records`.",
            "Is the broker up, and are all topics there with the same number of partitions?",
        ),
        do=(
            (
                "A large import or a long outage: watch the lag fall. Nothing needs doing, deadlines are judged by log "
                "time and none is missed by the backlog."
            ),
            "Do not reset offsets; workers resume from the position in their changelog.",
        ),
        not_meant="a loss: figures come back as they were.",
        inhibits=(*_downstream_inhibitions("SafeclockFiguresStale"), Inhibition(targets=Audience.ANALYST)),
    ),
    Alert(
        name="SafeclockRecordsLost",
        expr=_RECORDS_LOST,
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="records of partition {{ $labels.partition }} left the log before they were read",
        for_="0m",
        notified_within="2m",
        starting_when="a worker meets the gap, and once more whenever a worker starts with one",
        means="a worker found that the log now begins after its position: retention removed records before they were "
        "read. The gap is counted and passed, and the figures miss those events.",
        check=("The worker's log: `offsets … to … of … are gone` names partition, offsets and topic.",),
        do=(
            "Raise the retention of the source topics above the longest outage.",
            (
                "Ask the platforms to publish the span again. Publishing again is safe: an event that was counted is a "
                "duplicate."
            ),
            "Tell the analyst which days are affected.",
        ),
        not_meant="repaired by restarting anything.",
    ),
    Alert(
        name="SafeclockPlatformSuspended",
        expr=f"max by (platform) ({_SUSPENDED}) > 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="{{ $labels.platform }} is not counted: one of its topics is not as it must be",
        for_="2m",
        notified_within="5m",
        starting_when="a worker leaves the platform out",
        means="a topic of this platform, or of one that shares a topic with it, is missing, was made anew, has another "
        "number of partitions, is compacted or stamped by its senders, ends before the position, or may not be read. "
        "Workers read none of the platform's topics, keep its position, and count all other platforms. Its figures "
        "stay and grow old; no deadline of its reports is decided meanwhile.",
        check=(
            (
                "A worker's log: `platform … suspended:` names the topic, what was expected, what was found, and the "
                "command."
            ),
            "`safeclock admin plan`: what differs.",
        ),
        do=(
            (
                "A topic that is missing, a setting or a right: `safeclock admin apply`. Workers notice within some "
                "seconds and go on by themselves."
            ),
            "Another number of partitions: delete the topic, `safeclock admin apply`, then accept it as below.",
            (
                "A topic that was made anew or cut: `safeclock admin accept-source-reset TOPIC --from beginning|end` "
                "([operations.md](operations.md#a-source-topic-is-not-as-it-was)). Workers may run; those that hold its "
                "partitions end and go on when they are started again."
            ),
            (
                "Ask the platform to publish again what was in a lost log, or may have been compacted away, and was not "
                "read yet."
            ),
        ),
        not_meant="the platform's silence: it may have told everything.",
        inhibits=(Inhibition(targets=("SafeclockPlatformSilent", "SafeclockVolumeDropped"), equal=("platform",)),),
    ),
    Alert(
        name="SafeclockInternalRefusal",
        expr=has_grown("safeclock_events_refused_total", reason="internal"),
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="an event of {{ $labels.platform }} was refused by a fault of ours",
        for_="0m",
        notified_within="3m",
        starting_when="the refusal, or the first scrape that shows it",
        means="an event was refused because our own code failed on it. It is counted, nothing else was changed by it, "
        "and its bytes are still in the source topic.",
        check=(
            "The worker's log: `internal error at` topic, partition and offset, and where in our code it was.",
            "`event-refused` names topic, partition and offset, too.",
        ),
        do=(
            "Reproduce it with that record, and fix the fault.",
            (
                "After the fix publish it again from where it lies: `safeclock replay --refused --reason internal` "
                "([operations.md](operations.md#replay-what-was-refused))."
            ),
        ),
        not_meant="the platform's fault, and not a reason to skip or delete records.",
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
        means="a partition holds as many reports of the platform as the registry allows, or one filing day has as many "
        "different sets of labels as it may have. Further reports of the platform are refused there, with their "
        "actions. Reports that are known go on, and other platforms are not concerned.",
        check=(
            "`safeclock_capacity_used_ratio` of the platform: 1 says that reports fill it, less that labels of a day do.",
            "`safeclock_reports_filed_total` of the platform: does the service really have so many reports?",
        ),
        do=(
            (
                "If it does: give the workers memory for it ([performance.md](performance.md#what-one-platform-may-hold)), raise "
                "the platform's `capacity` in the registry, start workers and boards again, then "
                "`safeclock replay --refused --reason over_capacity` "
                "([operations.md](operations.md#replay-what-was-refused))."
            ),
            "If it does not: ask the platform's engineer to stop what publishes, or take away its right to write.",
        ),
        not_meant="a fault of the worker: the bound keeps one platform from filling the memory of all.",
    ),
    Alert(
        name="SafeclockPlatformUncommittable",
        expr=f"max by (partition) ({select('safeclock_worker_uncommittable_platforms')}) > 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="partition {{ $labels.partition }} does not count {{ $value | humanize }} platforms",
        for_="0m",
        notified_within="3m",
        starting_when="a partition cannot commit what it holds of a platform",
        means="something failed that concerns one platform: a row does not fit a record batch, or our own code failed on "
        "it. The partition has let go of what it held of the platform since its last commit and reads no more of its "
        "topics. Nothing is lost: their position stays where it was. Other platforms are counted.",
        check=(
            "The worker's log: `is suspended`, with the partition, the platform, and the limit or the place in our code.",
            "`max.message.bytes` of the changelog and of `measures`: `safeclock admin plan`.",
        ),
        do=(
            "A row that does not fit: `safeclock admin apply` sets the limit of the topics as it should be.",
            "A fault in our code: fix it, or go back to the version before.",
            "Then start the worker again: it reads the platform's topics from the position at which they stand.",
        ),
        not_meant="silence of the platform, or lost events: they wait in its topics for as long as those keep them.",
    ),
)
