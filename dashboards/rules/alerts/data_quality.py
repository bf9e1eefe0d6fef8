"""What is odd in what platforms publish: told once a day, and refusals as a ticket, since refused events are missing."""

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
"""Fewer odd events in a day than this are told to nobody."""

MIN_REFUSED_SHARE: Final = 0.02
REFUSED_RISE_FACTOR: Final = 3
MIN_ANOMALY_SHARE: Final = 0.01
MIN_HEARTBEAT_GAPS: Final = 5


def _waiting_orphans(modifier: str = "") -> str:
    return f"max by (platform) ({last_value('safeclock_orphans_waiting', modifier)})"


# Once per batch, of which each may hold thousands of events: a share of events would not show it.
_UNDECODABLE: Final = has_grown("safeclock_events_refused_total", reason="undecodable")


def _anomalies(name: str) -> str:
    """Return how many odd events there were in a day: enough, and more than a few in a hundred accepted ones."""
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
        starting_when=f"{MIN_ANOMALOUS_EVENTS} events and {100 * MIN_REFUSED_SHARE:g} % of a day's are refused",
        means=f"more than {100 * MIN_REFUSED_SHARE:g} % of a platform's events of the last day were refused, at least "
        f"{MIN_ANOMALOUS_EVENTS}, and more than {REFUSED_RISE_FACTOR} times the share of the four weeks before, if it told anything then. Platform `unknown` stands for "
        "all who name no registered platform. Refusals by a fault of ours are not in it.",
        check=(
            "*Events refused* by reason, and `event-refused` for the fields.",
            "Whether the platform released something, or the registry or the contract changed here.",
        ),
        do=(
            "Tell the platform's engineer reasons and fields; `safeclock check` shows them the same on their side.",
            (
                "After the fix: `safeclock replay --refused` ([operations.md](operations.md#replay-what-was-refused)) where the "
                "fault was ours to begin with, otherwise the platform publishes them again."
            ),
        ),
        not_meant="slowness or a falling volume, though it looks like both: what is refused is in no figure.",
        inhibits=(Inhibition(targets=("SafeclockVolumeDropped", "SafeclockWrongPartition"), equal=("platform",)),),
    ),
    _digest_alert(
        name="SafeclockWrongPartition",
        # Without a least number: chance puts no event on a wrong partition, a client with a wrong setting does.
        expr=only_when_fresh(f"  {daily_increase(WRONG_PARTITION)} > 0"),
        summary="{{ $labels.platform }} published {{ $value | humanize }} events in the last day to a wrong partition",
        notified_within="30m",
        starting_when="the first event on a wrong partition",
        means="a client of the platform does not place records by Kafka's murmur2 of their key. Every event that lies on "
        "a wrong partition is refused and is in no figure.",
        check=(
            "`event-refused` with the reason `wrong_partition`: from when on, and on which topic.",
            "Which of the platform's clients it is: librdkafka and everything on it need `partitioner=murmur2_random`.",
        ),
        do=(
            "Tell the platform's engineer: [publishing.md](publishing.md#5-from-another-language) has keys to compare with.",
            "Afterwards the platform publishes the refused events again under their ids; each then counts once.",
        ),
        not_meant="another number of partitions on the broker than in the registry: `safeclock admin plan` refuses that.",
    ),
    Alert(
        name="SafeclockUndecodableBatch",
        expr=_UNDECODABLE,
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="a record batch of {{ $labels.platform }} could not be read",
        for_="0m",
        notified_within="10m",
        starting_when="the refusal",
        means="a worker passed a record batch that it cannot read, with everything in it: a codec that is not Kafka's, "
        "records of another form than Kafka's protocol has, more than 4 MiB when decompressed, or a checksum that stayed "
        "wrong. Each batch counts once, however many records it holds, and they are in no figure. Other batches go on. "
        "Platform `unknown` stands for topics that several platforms share.",
        check=(
            "`event-refused` with the reason `undecodable`: topic, partition, first offset, and how many `records`.",
            (
                "Whether the brokers logged errors of a disk: a wrong checksum is no publisher's, since brokers check it "
                "when they take a batch."
            ),
            "Whether the platform released something: its client's compression, batch size or version.",
        ),
        do=(
            (
                "Tell the platform's engineer topic, partition, offsets and number of records, and what clients may use "
                "([publishing.md](publishing.md#5-from-another-language)); they publish those events again. Publishing "
                "again is safe."
            ),
            "If it goes on and looks like an attack, take the write right on the topic from its principal.",
        ),
        not_meant="a standstill: the position has passed the batch, on every worker, also after a restart.",
    ),
    _digest_alert(
        name="SafeclockClockSkew",
        expr=_anomalies(SKEWED),
        summary="{{ $labels.platform }} told {{ $value | humanize }} actions of the last day to be earlier than their filings",
        notified_within="30m",
        starting_when=f"the {MIN_ANOMALOUS_EVENTS}th of a day, when they are 1 % of its events",
        means="actions lay up to two minutes before their filing and were measured as zero; at least "
        f"{MIN_ANOMALOUS_EVENTS} in a day and more than 1 % of the events.",
        check=("*Unusual events*, and whether filings and actions are stamped by different machines.",),
        do=("Ask the platform's engineer to have both stamped by one clock.",),
        not_meant="fraud: two minutes are no gain. What lies further apart is refused as `bad_time`.",
    ),
    _digest_alert(
        name="SafeclockOrphansWaiting",
        expr=only_when_fresh(
            f"  min_over_time({only_fresh_samples(_waiting_orphans())}[1d:5m]) >= {MIN_ANOMALOUS_EVENTS}\n  and {_waiting_orphans(' offset 1d')} >= 0"
        ),
        summary="{{ $labels.platform }} has had at least {{ $value | humanize }} reports for a day whose actions are known and whose filings are not",
        notified_within="25h",
        starting_when=f"{MIN_ANOMALOUS_EVENTS} orphans begin to wait",
        means=f"for a whole day at least {MIN_ANOMALOUS_EVENTS} reports of a platform had actions and no filing. They are in no "
        "other figure.",
        check=("Whether filings of those days were refused, or published under another token.",),
        do=("Ask the platform to publish the filings; publishing again is safe.",),
        not_meant="a loss: what waits is measured when its filing comes.",
    ),
    _digest_alert(
        name="SafeclockHeartbeatGaps",
        expr=only_when_fresh(f"  {daily_increase(HEARTBEAT_GAPS)} >= {MIN_HEARTBEAT_GAPS}"),
        summary="{{ $labels.platform }} left {{ $value | humanize }} numbers out of its sequence of heartbeats in the last day",
        notified_within="30m",
        starting_when=f"the {MIN_HEARTBEAT_GAPS}th number of a day is left out",
        means=f"at least {MIN_HEARTBEAT_GAPS} numbers of a day are missing in a platform's sequence of heartbeats: it sent what "
        "never arrived, and events may be among it.",
        check=(
            "Whether the platform's publisher reports failed sends, and whether it was restarted without its state.",
        ),
        do=("Ask the platform's engineer to publish the span again; publishing again is safe.",),
        not_meant="silence: heartbeats arrive.",
    ),
    _digest_alert(
        name="SafeclockConflicts",
        expr=_anomalies(CONFLICTING),
        summary="{{ $labels.platform }} published {{ $value | humanize }} events in the last day under an id or a token that was taken",
        notified_within="30m",
        starting_when=f"the {MIN_ANOMALOUS_EVENTS}th of a day, when they are 1 % of its events",
        means="events reused an id or a report's token with other content; at least "
        f"{MIN_ANOMALOUS_EVENTS} in a day and more than 1 % of the events. The earliest stands.",
        check=("Whether ids are drawn anew for every attempt, or content is made anew when an event is sent again.",),
        do=("Tell the platform's engineer: an event that is sent again must be the same to the byte.",),
        not_meant="double counting: a report counts once.",
    ),
)
