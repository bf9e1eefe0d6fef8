"""Alerts on unusual events of platforms: refusals are tickets, since refused events are missing; others are digests."""

from functools import partial
from typing import Final

from dashboards.rules.alert import (
    Alert,
    AlertSeverity,
    Audience,
    Inhibition,
    has_grown,
    last_value,
    only_fresh_samples,
    only_when_fresh,
)
from dashboards.rules.recording.rules import (
    ACTIONS,
    CONFLICTING,
    FILED,
    HEARTBEAT_GAPS,
    REFUSED,
    REFUSED_BEFORE,
    REFUSED_SHARE,
    SKEWED,
    WRONG_PARTITION,
    daily_increase,
)

MIN_ANOMALOUS_EVENTS: Final = 20
"""Fewer unusual events in a day than this raise no alert."""

MIN_REFUSED_SHARE: Final = 0.02
REFUSED_RISE_FACTOR: Final = 3
MIN_ANOMALY_SHARE: Final = 0.01
MIN_HEARTBEAT_GAPS: Final = 5


def _waiting_orphans(modifier: str = "") -> str:
    return f"max by (platform) ({last_value('safeclock_orphans_waiting', modifier)})"


# A batch counts once and may hold thousands of events, so a share of events would hide it.
_UNDECODABLE: Final = has_grown("safeclock_events_refused_total", reason="undecodable")


def _anomalies(name: str) -> str:
    """Return the day's number of unusual events if it reaches the minimum and the minimum share of accepted events."""
    return only_when_fresh(
        f"  {daily_increase(name)} >= {MIN_ANOMALOUS_EVENTS}\n  and {daily_increase(name)} > {MIN_ANOMALY_SHARE} * ({daily_increase(FILED)} + {daily_increase(ACTIONS)})"
    )


_digest_alert = partial(
    Alert, audience=Audience.ANALYST, severity=AlertSeverity.DIGEST, for_="15m", keep_firing_for="1d"
)

ALERTS: Final = (
    Alert(
        name="SafeclockRefusalsRising",
        expr=only_when_fresh(
            f"  {REFUSED_SHARE} > {MIN_REFUSED_SHARE}\n"
            f"  and {daily_increase(REFUSED)} >= {MIN_ANOMALOUS_EVENTS}\n"
            f"  unless {REFUSED_SHARE} <= {REFUSED_RISE_FACTOR} * {REFUSED_BEFORE}"
        ),
        audience=Audience.ANALYST,
        severity=AlertSeverity.TICKET,
        summary="{{ $value | humanizePercentage }} of the events of {{ $labels.platform }} were refused in the last "
        "day",
        for_="15m",
        keep_firing_for="1d",
        notified_within="30m",
        starting_when=f"at least {MIN_ANOMALOUS_EVENTS} events and {100 * MIN_REFUSED_SHARE:g} % of a day's events are refused",
        means=f"more than {100 * MIN_REFUSED_SHARE:g} % of a platform's events of the last day were refused, at least "
        f"{MIN_ANOMALOUS_EVENTS} events, and more than {REFUSED_RISE_FACTOR} times the share of the four weeks before, if the platform "
        "published events then. Platform `unknown` collects events that name no registered platform. Refusals that a "
        "fault of Safeclock caused are not counted.",
        check=(
            "*Events refused* by reason, and `event-refused` for the fields.",
            "Whether the platform released a new version, or the registry or the contract changed on our side.",
        ),
        do=(
            "Send the platform's engineer the reasons and fields; `safeclock check` shows the same on the platform's side.",
            (
                "After the fix: if the fault was ours, run `safeclock replay --refused` "
                "([operations.md](operations.md#replay-what-was-refused)); otherwise the platform publishes the events again."
            ),
        ),
        not_meant="slowness or a falling volume. It can look like both, since refused events are in no figure.",
        inhibits=(Inhibition(targets=("SafeclockVolumeDropped", "SafeclockWrongPartition"), equal=("platform",)),),
    ),
    _digest_alert(
        name="SafeclockWrongPartition",
        # No minimum number: only a client with a wrong setting puts an event on a wrong partition.
        expr=only_when_fresh(f"  {daily_increase(WRONG_PARTITION)} > 0"),
        summary="{{ $labels.platform }} published {{ $value | humanize }} events to a wrong partition in the last day",
        notified_within="30m",
        starting_when="the first event on a wrong partition arrives",
        means="a client of the platform does not choose partitions by Kafka's murmur2 hash of the key. Every event on a "
        "wrong partition is refused and is in no figure.",
        check=(
            "`event-refused` with the reason `wrong_partition`: since when, and on which topic.",
            "Which client of the platform it is: librdkafka and clients based on it need `partitioner=murmur2_random`.",
        ),
        do=(
            "Inform the platform's engineer: [publishing.md](publishing.md#5-from-another-language) has keys to compare with.",
            "After the fix the platform publishes the refused events again under their ids; each event then counts once.",
        ),
        not_meant="that broker and registry differ in the number of partitions: `safeclock admin plan` detects that.",
    ),
    Alert(
        name="SafeclockUndecodableBatch",
        expr=_UNDECODABLE,
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="a record batch of {{ $labels.platform }} could not be read",
        for_="0m",
        notified_within="10m",
        starting_when="a worker refuses the batch",
        means="a worker skipped a whole record batch that it cannot read. Possible reasons: Kafka does not know the codec, "
        "the records do not follow Kafka's protocol, the batch is larger than 4 MiB after decompression, or its checksum "
        "is wrong. Each batch counts as one refusal, however many records it holds, and its records are in no figure. "
        "Workers read all other batches. Platform `unknown` collects batches of topics that several platforms share.",
        check=(
            "`event-refused` with the reason `undecodable`: topic, partition, first offset, and number of `records`.",
            (
                "Whether the brokers logged disk errors: a publisher does not cause a wrong checksum, since brokers check "
                "the checksum when they receive a batch."
            ),
            "Whether the platform changed its client's compression, batch size or version.",
        ),
        do=(
            (
                "Send the platform's engineer the topic, partition, offsets and number of records, and the rules for clients "
                "([publishing.md](publishing.md#5-from-another-language)); the platform publishes those events again. "
                "Publishing again is safe."
            ),
            "If it continues and looks like an attack, remove the platform's write right on the topic.",
        ),
        not_meant="that the partition is blocked: every worker has skipped the batch, also after a restart.",
    ),
    _digest_alert(
        name="SafeclockClockSkew",
        expr=_anomalies(SKEWED),
        summary="{{ $labels.platform }} published {{ $value | humanize }} actions with times before their filings in the last day",
        notified_within="30m",
        starting_when=f"{MIN_ANOMALOUS_EVENTS} actions in a day have times before their filings, and are 1 % of its events",
        means="actions have times up to two minutes before their filing and were measured as 0 seconds; at least "
        f"{MIN_ANOMALOUS_EVENTS} in a day and more than 1 % of the events.",
        check=("*Unusual events*, and whether different machines set the times of filings and actions.",),
        do=("Ask the platform's engineer to take both times from one clock.",),
        not_meant="fraud: two minutes improve no figure. Actions with larger differences are refused as `bad_time`.",
    ),
    _digest_alert(
        name="SafeclockOrphansWaiting",
        expr=only_when_fresh(
            f"  min_over_time({only_fresh_samples(_waiting_orphans())}[1d:5m]) >= {MIN_ANOMALOUS_EVENTS}\n  and {_waiting_orphans(' offset 1d')} >= 0"
        ),
        summary="{{ $labels.platform }} has had at least {{ $value | humanize }} reports with actions and without a filing for a day",
        notified_within="25h",
        starting_when=f"{MIN_ANOMALOUS_EVENTS} orphans begin to wait",
        means=f"for a whole day at least {MIN_ANOMALOUS_EVENTS} reports of a platform had actions and no filing. These reports "
        "are in no other figure.",
        check=("Whether filings of those days were refused, or published under another token.",),
        do=("Ask the platform to publish the filings; publishing again is safe.",),
        not_meant="that events are lost: waiting actions are measured when their filing arrives.",
    ),
    _digest_alert(
        name="SafeclockHeartbeatGaps",
        expr=only_when_fresh(f"  {daily_increase(HEARTBEAT_GAPS)} >= {MIN_HEARTBEAT_GAPS}"),
        summary="{{ $value | humanize }} heartbeats are missing in the sequence of {{ $labels.platform }} in the last day",
        notified_within="30m",
        starting_when=f"{MIN_HEARTBEAT_GAPS} sequence numbers of a day are missing",
        means=f"at least {MIN_HEARTBEAT_GAPS} sequence numbers of a platform's heartbeats are missing in a day: records that the "
        "platform sent did not arrive, and events may be among them.",
        check=(
            "Whether the platform's publisher reports failed sends, and whether it was restarted without its state.",
        ),
        do=("Ask the platform's engineer to publish the events of that time again; publishing again is safe.",),
        not_meant="that the platform is silent: other heartbeats arrive.",
    ),
    _digest_alert(
        name="SafeclockConflicts",
        expr=_anomalies(CONFLICTING),
        summary="{{ $labels.platform }} published {{ $value | humanize }} events with a used id or token in the last day",
        notified_within="30m",
        starting_when=f"{MIN_ANOMALOUS_EVENTS} events of a day are conflicts, and are 1 % of its events",
        means="events reused an id or a report's token with other content; at least "
        f"{MIN_ANOMALOUS_EVENTS} in a day and more than 1 % of the events. The first by rank counts.",
        check=(
            "Whether the platform creates new ids for each attempt, or changes content when it sends an event again.",
        ),
        do=("Inform the platform's engineer: an event that is sent again must have the same bytes.",),
        not_meant="that reports are counted twice: a report counts once.",
    ),
)
