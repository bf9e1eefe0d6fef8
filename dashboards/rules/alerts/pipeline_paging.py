"""What pages the operator, in the order of cause and effect.

One cause is told once. What stands higher here keeps silent what follows from it, so it fires sooner than they do, and
goes on firing for a while (`keep`) after it ends, until they have ended too.
"""

from typing import Final

from dashboards.promql import select
from dashboards.rules.alert import STALE_SECONDS, Alert, Audience, Mute, Severity, grew
from dashboards.rules.alerts.pipeline_tickets import TICKETS

RESTARTS: Final = 3

_AS_OF: Final = select("safeclock_as_of_timestamp_seconds")
_EXPECTED: Final = select("safeclock_partitions_expected")
_READY: Final = select("safeclock_partition_ready")
_COMMITS: Final = select("safeclock_worker_commits_total")
_GAPS: Final = select("safeclock_source_records_lost_total")
_SUSPENDED: Final = select("safeclock_worker_suspended_partitions")


# A gap is mostly found when a worker starts, before its first scrape: `increase` does not see such a birth. A worker
# that ends before anybody looks at it leaves its gap to the board's word; while no board is there, workers are heard.
_LOST: Final = (
    f"max by (partition) (\n  ({_GAPS} > 0) != (last_over_time({_GAPS}[1d] offset 1h) or 0 * {_GAPS})"
    f"\n  or increase({_GAPS}[1h]) > 0\n  or {grew('safeclock_partition_records_lost_total')}\n)"
)

_FOLLOWS: Final = (
    "SafeclockWorkerRestarting",
    "SafeclockPartitionsNotReady",
    "SafeclockCommitsStill",
    "SafeclockFiguresStale",
)
_TICKETS: Final = tuple(ticket.name for ticket in TICKETS)


def _after(name: str) -> tuple[Mute, ...]:
    """Return what an alert of the chain keeps silent: the rest of the chain and the tickets."""
    follows = _FOLLOWS[_FOLLOWS.index(name) + 1 :] if name in _FOLLOWS else _FOLLOWS
    return (Mute(of=(*follows, *_TICKETS)),)


PAGES: Final = (
    Alert(
        name="SafeclockJobDown",
        expr='max by (job) (up{job=~"board|worker"}) == 0\nor absent(up{job="board"})\nor absent(up{job="worker"})',
        audience=Audience.OPERATOR,
        severity=Severity.PAGE,
        summary="no {{ $labels.job }} answers",
        wait="5m",
        keep="15m",
        within="7m",
        since="the last board or the last worker stops answering",
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
        mistaken="a loss.",
        mutes=(*_after("SafeclockJobDown"), Mute(of=Audience.ANALYST)),
    ),
    Alert(
        name="SafeclockWorkerRestarting",
        expr=f"max by (instance) (resets({_COMMITS}[1h])) >= {RESTARTS}",
        audience=Audience.OPERATOR,
        severity=Severity.PAGE,
        summary="worker {{ $labels.instance }} started anew {{ $value }} times in an hour",
        wait="0m",
        within="2m",
        since=f"the first commit after the start number {RESTARTS} of an hour",
        means=f"a worker lost its counters {RESTARTS} times in an hour. A failed or fenced transaction ends the "
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
        mistaken="double counting: what a transaction did not finish is not there.",
        mutes=_after("SafeclockWorkerRestarting"),
    ),
    Alert(
        name="SafeclockPartitionsNotReady",
        expr=f"max({_EXPECTED}) - sum(max by (partition) ({_READY})) > 0",
        audience=Audience.OPERATOR,
        severity=Severity.PAGE,
        summary="{{ $value }} partitions are not measured",
        wait="10m",
        keep="5m",
        within="13m",
        since="a partition was last heard of",
        means="the board has heard nothing of some partitions for more than a minute, for ten minutes. All figures "
        "wait for them.",
        check=(
            (
                "*Partitions not ready*: how many? Which: `safeclock_partition_ready`. Then "
                "`safeclock_worker_now_timestamp_seconds` by partition: one that no worker exports has no owner, or is being "
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
                "waits for a decision: [a source topic](operate.md#a-source-topic-is-not-as-it-was), [the changelog or the "
                "measures](operate.md#the-changelog-or-the-measures-were-made-anew)."
            ),
            "Topics with different numbers of partitions: `safeclock admin plan` shows them.",
        ),
        mistaken="a loss.",
        mutes=_after("SafeclockPartitionsNotReady"),
    ),
    Alert(
        name="SafeclockCommitsStill",
        # A worker goes on telling the counter of a partition that it lost: its owner is who counts most.
        expr=f"max by (partition) (increase({_COMMITS}[10m])) == 0",
        audience=Audience.OPERATOR,
        severity=Severity.PAGE,
        summary="nothing was committed for partition {{ $labels.partition }} in ten minutes",
        wait="5m",
        within="18m",
        since="the last commit",
        means="a partition has an owner that answers and commits nothing, not even that time has passed.",
        check=(
            "`/healthz` of the worker: it names stuck partitions.",
            "The broker: a transaction that hangs, replicas below `min.insync.replicas`, a full disk.",
            "The worker's log, for what its Kafka client says of the broker.",
        ),
        do=("Restart the worker when the broker is well and it does not go on by itself.",),
        mistaken="idleness: a partition without events commits its time all the same.",
        mutes=_after("SafeclockCommitsStill"),
    ),
    Alert(
        name="SafeclockFiguresStale",
        expr=f"time() - max({_AS_OF}) > {STALE_SECONDS}\nor absent({_AS_OF})",
        audience=Audience.OPERATOR,
        severity=Severity.PAGE,
        summary="the figures are older than 15 minutes or there are none",
        wait="10m",
        within="27m",
        since="the instant that the figures are as of",
        means="no board tells figures, or they are as of an instant more than 15 minutes ago. At least one partition "
        "is not measured; all figures wait for it. Alerts on platforms are held back until it is over.",
        check=(
            "`/readyz` of a board says why the figures are greyed, and for which partitions.",
            "Which partition is behind? `safeclock_worker_now_timestamp_seconds` and `safeclock_worker_lag_records`.",
            "Is the broker up, and are all topics there with the same number of partitions?",
        ),
        do=(
            (
                "A large import or a long outage: watch the lag fall. Nothing needs doing, deadlines are judged by log "
                "time and none is missed by the backlog."
            ),
            "Do not reset offsets; workers resume from the position in their changelog.",
        ),
        mistaken="a loss: figures come back as they were.",
        mutes=(*_after("SafeclockFiguresStale"), Mute(of=Audience.ANALYST)),
    ),
    Alert(
        name="SafeclockRecordsLost",
        expr=_LOST,
        audience=Audience.OPERATOR,
        severity=Severity.PAGE,
        summary="records of partition {{ $labels.partition }} left the log before they were read",
        wait="0m",
        within="2m",
        since="a worker meets the gap, and once more whenever a worker starts with one",
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
        mistaken="repaired by restarting anything.",
    ),
    Alert(
        name="SafeclockPlatformSuspended",
        expr=f"max by (platform) ({_SUSPENDED}) > 0",
        audience=Audience.OPERATOR,
        severity=Severity.PAGE,
        summary="{{ $labels.platform }} is not counted: one of its topics is not as it must be",
        wait="2m",
        within="5m",
        since="a worker leaves the platform out",
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
                "([operate.md](operate.md#a-source-topic-is-not-as-it-was)). Workers may run; those that hold its "
                "partitions end and go on when they are started again."
            ),
            (
                "Ask the platform to publish again what was in a lost log, or may have been compacted away, and was not "
                "read yet."
            ),
        ),
        mistaken="the platform's silence: it may have told everything.",
        mutes=(Mute(of=("SafeclockPlatformSilent", "SafeclockVolumeDropped"), equal=("platform",)),),
    ),
    Alert(
        name="SafeclockInternalRefusal",
        expr=grew("safeclock_events_refused_total", reason="internal"),
        audience=Audience.OPERATOR,
        severity=Severity.PAGE,
        summary="an event of {{ $labels.platform }} was refused by a fault of ours",
        wait="0m",
        within="3m",
        since="the refusal, or the first scrape that shows it",
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
                "([operate.md](operate.md#replay-what-was-refused))."
            ),
        ),
        mistaken="the platform's fault, and not a reason to skip or delete records.",
    ),
    Alert(
        name="SafeclockOverCapacity",
        expr=grew("safeclock_events_refused_total", reason="over_capacity"),
        audience=Audience.OPERATOR,
        severity=Severity.PAGE,
        summary="a report of {{ $labels.platform }} was refused because its partition is full",
        wait="0m",
        within="3m",
        since="the refusal",
        means="a partition holds as many reports of the platform as the registry allows, or one filing day has as many "
        "different sets of labels as it may have. Further reports of the platform are refused there, with their "
        "actions. Reports that are known go on, and other platforms are not concerned.",
        check=(
            "`safeclock_capacity_used_ratio` of the platform: 1 says that reports fill it, less that labels of a day do.",
            "`safeclock_reports_filed_total` of the platform: does the service really have so many reports?",
        ),
        do=(
            (
                "If it does: give the workers memory for it ([scaling.md](scaling.md#what-one-platform-may-hold)), raise "
                "the platform's `capacity` in the registry, start workers and boards again, then "
                "`safeclock replay --refused --reason over_capacity` "
                "([operate.md](operate.md#replay-what-was-refused))."
            ),
            "If it does not: ask the platform's engineer to stop what publishes, or take away its right to write.",
        ),
        mistaken="a fault of the worker: the bound keeps one platform from filling the memory of all.",
    ),
    Alert(
        name="SafeclockPlatformUncommittable",
        expr=f"max by (partition) ({select('safeclock_worker_uncommittable_platforms')}) > 0",
        audience=Audience.OPERATOR,
        severity=Severity.PAGE,
        summary="partition {{ $labels.partition }} does not count {{ $value | humanize }} platforms",
        wait="0m",
        within="3m",
        since="a partition cannot commit what it holds of a platform",
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
        mistaken="silence of the platform, or lost events: they wait in its topics for as long as those keep them.",
    ),
)
