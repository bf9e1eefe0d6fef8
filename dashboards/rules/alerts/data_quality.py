"""What is odd in what platforms publish: told once a day, and refusals as a ticket, since refused events are missing."""

from functools import partial
from typing import Final

from dashboards.rules.alert import Alert, Audience, Mute, Severity, fresh, grew, held, while_fresh
from dashboards.rules.recording.rules import (
    ACTIONS,
    ASTRAY,
    CONFLICTING,
    FILED,
    GAPS,
    REFUSED,
    REFUSED_BEFORE,
    REFUSED_SHARE,
    SKEWED,
    daily,
)

LEAST_EVENTS: Final = 20
"""Fewer odd events in a day than this are told to nobody."""

REFUSED_FROM: Final = 0.02
REFUSED_RISE: Final = 3
ODD_FROM: Final = 0.01
LEAST_GAPS: Final = 5


def _waiting(then: str = "") -> str:
    return f"max by (platform) ({held('safeclock_orphans_waiting', then)})"


# Once per batch, of which each may hold thousands of events: a share of events would not show it.
_UNDECODABLE: Final = grew("safeclock_events_refused_total", reason="undecodable")


def _odd(name: str) -> str:
    """Return how many odd events there were in a day: enough, and more than a few in a hundred accepted ones."""
    return fresh(
        f"  {daily(name)} >= {LEAST_EVENTS}\n  and {daily(name)} > {ODD_FROM} * ({daily(FILED)} + {daily(ACTIONS)})"
    )


_digest = partial(Alert, audience=Audience.ANALYST, severity=Severity.DIGEST, wait="15m", keep="1d")

ALERTS: Final = (
    Alert(
        name="SafeclockRefusalsRising",
        expr=fresh(
            f"  {REFUSED_SHARE} > {REFUSED_FROM}\n"
            f"  and {daily(REFUSED)} >= {LEAST_EVENTS}\n"
            f"  unless {REFUSED_SHARE} <= {REFUSED_RISE} * {REFUSED_BEFORE}"
        ),
        audience=Audience.ANALYST,
        severity=Severity.TICKET,
        summary="{{ $value | humanizePercentage }} of the events of {{ $labels.platform }} were refused in the last "
        "day",
        wait="15m",
        keep="1d",
        within="30m",
        since=f"{LEAST_EVENTS} events and {100 * REFUSED_FROM:g} % of a day's are refused",
        means=f"more than {100 * REFUSED_FROM:g} % of a platform's events of the last day were refused, at least "
        f"{LEAST_EVENTS}, and more than {REFUSED_RISE} times the share of the four weeks before, if it told anything then. Platform `unknown` stands for "
        "all who name no registered platform. Refusals by a fault of ours are not in it.",
        check=(
            "*Events refused* by reason, and `event-refused` for the fields.",
            "Whether the platform released something, or the registry or the contract changed here.",
        ),
        do=(
            "Tell the platform's engineer reasons and fields; `safeclock check` shows them the same on their side.",
            (
                "After the fix: `safeclock replay --refused` ([operate.md](operate.md#replay-what-was-refused)) where the "
                "fault was ours to begin with, otherwise the platform publishes them again."
            ),
        ),
        mistaken="slowness or a falling volume, though it looks like both: what is refused is in no figure.",
        mutes=(Mute(of=("SafeclockVolumeDropped", "SafeclockWrongPartition"), equal=("platform",)),),
    ),
    _digest(
        name="SafeclockWrongPartition",
        # Without a least number: chance puts no event on a wrong partition, a client with a wrong setting does.
        expr=fresh(f"  {daily(ASTRAY)} > 0"),
        summary="{{ $labels.platform }} published {{ $value | humanize }} events in the last day to a wrong partition",
        within="30m",
        since="the first event on a wrong partition",
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
        mistaken="another number of partitions on the broker than in the registry: `safeclock admin plan` refuses that.",
    ),
    Alert(
        name="SafeclockUndecodableBatch",
        expr=_UNDECODABLE,
        audience=Audience.OPERATOR,
        severity=Severity.TICKET,
        summary="a record batch of {{ $labels.platform }} could not be read",
        wait="0m",
        within="10m",
        since="the refusal",
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
        mistaken="a standstill: the position has passed the batch, on every worker, also after a restart.",
    ),
    _digest(
        name="SafeclockClockSkew",
        expr=_odd(SKEWED),
        summary="{{ $labels.platform }} told {{ $value | humanize }} actions of the last day to be earlier than their filings",
        within="30m",
        since=f"the {LEAST_EVENTS}th of a day, when they are 1 % of its events",
        means="actions lay up to two minutes before their filing and were measured as zero; at least "
        f"{LEAST_EVENTS} in a day and more than 1 % of the events.",
        check=("*Second thoughts*, and whether filings and actions are stamped by different machines.",),
        do=("Ask the platform's engineer to have both stamped by one clock.",),
        mistaken="fraud: two minutes are no gain. What lies further apart is refused as `bad_time`.",
    ),
    _digest(
        name="SafeclockOrphansWaiting",
        expr=fresh(
            f"  min_over_time({while_fresh(_waiting())}[1d:5m]) >= {LEAST_EVENTS}\n  and {_waiting(' offset 1d')} >= 0"
        ),
        summary="{{ $labels.platform }} has had at least {{ $value | humanize }} reports for a day whose actions are known and whose filings are not",
        within="25h",
        since=f"{LEAST_EVENTS} orphans begin to wait",
        means=f"for a whole day at least {LEAST_EVENTS} reports of a platform had actions and no filing. They are in no "
        "other figure.",
        check=("Whether filings of those days were refused, or published under another token.",),
        do=("Ask the platform to publish the filings; publishing again is safe.",),
        mistaken="a loss: what waits is measured when its filing comes.",
    ),
    _digest(
        name="SafeclockHeartbeatGaps",
        expr=fresh(f"  {daily(GAPS)} >= {LEAST_GAPS}"),
        summary="{{ $labels.platform }} left {{ $value | humanize }} numbers out of its sequence of heartbeats in the last day",
        within="30m",
        since=f"the {LEAST_GAPS}th number of a day is left out",
        means=f"at least {LEAST_GAPS} numbers of a day are missing in a platform's sequence of heartbeats: it sent what "
        "never arrived, and events may be among it.",
        check=(
            "Whether the platform's publisher reports failed sends, and whether it was restarted without its state.",
        ),
        do=("Ask the platform's engineer to publish the span again; publishing again is safe.",),
        mistaken="silence: heartbeats arrive.",
    ),
    _digest(
        name="SafeclockConflicts",
        expr=_odd(CONFLICTING),
        summary="{{ $labels.platform }} published {{ $value | humanize }} events in the last day under an id or a token that was taken",
        within="30m",
        since=f"the {LEAST_EVENTS}th of a day, when they are 1 % of its events",
        means="events reused an id or a report's token with other content; at least "
        f"{LEAST_EVENTS} in a day and more than 1 % of the events. The earliest stands.",
        check=("Whether ids are drawn anew for every attempt, or content is made anew when an event is sent again.",),
        do=("Tell the platform's engineer: an event that is sent again must be the same to the byte.",),
        mistaken="double counting: a report counts once.",
    ),
)
