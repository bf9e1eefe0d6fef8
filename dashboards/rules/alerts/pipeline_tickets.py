"""What waits for the morning: the pipeline still measures, but not as it should."""

from typing import Final

from dashboards.promql import select
from dashboards.rules.alert import STALE_SECONDS, Alert, AlertSeverity, Audience

MAX_REBALANCES: Final = 10
MAX_LAG_RECORDS: Final = 10_000

MAX_CAPACITY_USED: Final = 0.8

MAX_CLOCK_AHEAD_SECONDS: Final = 5
"""As much as a worker allows for whatever it knows of its clock."""

_CLOCK_AHEAD: Final = select("safeclock_worker_clock_ahead_seconds")
_FEEDBACK_FAILING: Final = select("safeclock_worker_feedback_failing")
_CAPACITY_USED: Final = select("safeclock_capacity_used_ratio")
_AS_OF: Final = select("safeclock_as_of_timestamp_seconds")
# Of the partition, whoever owns it: what a former owner said last must not stand for as long as we look back.
_LAG: Final = f"(max by (partition) ({select('safeclock_worker_lag_records')}))[1h:1m]"
_INPUT_READ_AT: Final = select("safeclock_input_timestamp_seconds")
_FIGURES_COMPUTED_AT: Final = select("safeclock_figures_timestamp_seconds")

TICKET_ALERTS: Final = (
    Alert(
        name="SafeclockTargetDown",
        expr='up{job=~"board|worker|alertmanager"} == 0',
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="{{ $labels.job }} {{ $labels.instance }} does not answer",
        for_="15m",
        notified_within="22m",
        starting_when="a process stops answering while another of its kind goes on",
        means="one of several boards or workers, or an Alertmanager, has not answered for a quarter of an hour. Others "
        "do its work; there is nobody left to do theirs.",
        check=("Does the process run, and what does its log say last?",),
        do=("Start it, or take it out of the targets when it is gone for good.",),
        not_meant="a gap in the figures: a partition without an owner pages by itself.",
    ),
    Alert(
        name="SafeclockFeedbackFailing",
        expr=f"max by (platform) ({_FEEDBACK_FAILING}) > 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="{{ $labels.platform }} is not told what became of its events",
        for_="15m",
        notified_within="22m",
        starting_when="a worker finds that the platform's feedback topic cannot be written",
        means="the feedback topic of this platform is missing, has another number of partitions, takes smaller record "
        "batches than it should, or may not be written. The platform's events are counted all the same, and its "
        "refusals stand on `event-refused`; `safeclock status` shows it an old status.",
        check=(
            "A worker's log: `gets no feedback on its events` names the topic and what is wrong with it.",
            "`safeclock admin plan`: what differs.",
        ),
        do=(
            "`safeclock admin apply`. Workers notice within some seconds and tell the platform again.",
            "Another number of partitions: delete the topic, then `safeclock admin apply`.",
            "Restart the worker where its log says that it tells nothing before a restart.",
        ),
        not_meant="a fault of the figures: nothing is missing there.",
    ),
    Alert(
        name="SafeclockRebalancing",
        expr=f"max(increase({select('safeclock_worker_rebalances_total')}[1h])) > {MAX_REBALANCES}",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="partitions were assigned anew {{ $value | humanize }} times in an hour",
        for_="15m",
        notified_within="25m",
        starting_when=f"more than {MAX_REBALANCES} assignments in an hour",
        means=f"the consumer group shared its partitions out more than {MAX_REBALANCES} times in an hour. Every time, all "
        "workers stop and some restore.",
        check=(
            "Which workers come and go: their logs say `Setting newly assigned partitions` at every assignment.",
            "Pauses of a machine, or of the network, that are longer than the session timeout of ten seconds.",
        ),
        do=("Give each worker a `SAFECLOCK_INSTANCE` of its own: a restart then moves nothing.",),
        not_meant="a loss.",
    ),
    Alert(
        name="SafeclockWorkerClockAhead",
        expr=f"max by (instance) (abs({_CLOCK_AHEAD})) > {MAX_CLOCK_AHEAD_SECONDS}",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="the clock of worker {{ $labels.instance }} is {{ $value | humanizeDuration }} off the broker's",
        for_="15m",
        notified_within="22m",
        starting_when="the clock of a worker's host, or of a broker's, is wrong",
        means=f"by the broker's stamps a worker's clock has been more than {MAX_CLOCK_AHEAD_SECONDS} s off for a quarter of an hour. "
        "The worker goes by the broker's clock where it judges deadlines, so that no figure is wrong yet; one of several "
        "brokers whose clock is wrong stamps what platforms tell, and nobody can put that right afterwards.",
        check=(
            "`safeclock_worker_clock_ahead_seconds` of all workers: one of them, or all, and for which partitions?",
            "Do the hosts of worker and brokers keep time: `chronyc tracking` or `timedatectl`.",
        ),
        do=("Mend the time service of the host that is wrong; the worker sees it with its next commits.",),
        not_meant="missed deadlines that were none: those are judged by the broker's clock.",
    ),
    Alert(
        name="SafeclockCapacityNearlyUsed",
        expr=f"max by (platform) ({_CAPACITY_USED}) > {MAX_CAPACITY_USED}",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="{{ $labels.platform }} uses {{ $value | humanizePercentage }} of its capacity on a partition",
        for_="15m",
        notified_within="22m",
        starting_when=f"a partition remembers more than {MAX_CAPACITY_USED:.0%} of the reports that a platform may have there",
        means="a partition remembers nearly as many reports of a platform as the registry allows. At 100 % it refuses "
        "further reports as `over_capacity`; events of the reports that it remembers still count.",
        check=(
            "`safeclock_reports_filed_total` of the platform: did it rise slowly, as that of a growing service does, or within hours?",
            "Are the filings spread over the partitions? A publisher that chooses its tokens can fill one of them.",
        ),
        do=(
            (
                "If the platform really files so many: give the workers memory for it "
                "([performance.md](performance.md#what-one-platform-may-hold)), raise its `capacity` in the registry, and start "
                "workers and boards again."
            ),
            "If it does not: ask the platform's engineer to stop what publishes. The others are counted as before.",
        ),
        not_meant="a fault of the worker, or a reason to shorten the memory of all platforms.",
    ),
    Alert(
        name="SafeclockLagGrowing",
        expr=f"min_over_time({_LAG}) > {MAX_LAG_RECORDS}\nand deriv({_LAG}) > 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="partition {{ $labels.partition }} is {{ $value | humanize }} records behind and falls back further",
        for_="30m",
        notified_within="2h",
        starting_when="more is published than is measured",
        means=f"for an hour and a half a partition was never fewer than {MAX_LAG_RECORDS:,} records behind its topics, and "
        "fell back further: more is published than one worker measures.",
        check=(
            "Is it an import? Then it ends by itself.",
            "One partition or all: one is its worker's matter, or a publisher's that does not spread its keys; all is traffic.",
            "The processor time of its worker.",
        ),
        do=("Start another worker when one holds several partitions.",),
        not_meant="missed deadlines: those are judged by the time of the log.",
    ),
    Alert(
        name="SafeclockBoardBehind",
        # Of two boards the one that stands still: its figures stand in every largest value of both.
        expr=f"max({_AS_OF}) - min({_FIGURES_COMPUTED_AT}) > {STALE_SECONDS}\nor time() - min({_INPUT_READ_AT}) > {STALE_SECONDS}",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="the board is {{ $value | humanizeDuration }} behind: with its figures behind what it has read, or with reading",
        for_="15m",
        notified_within="40m",
        starting_when="the board computes or reads for the last time",
        means="the board has read newer measures than its cohort figures are made of, or has not known for a quarter "
        "of an hour that it has read everything.",
        check=(
            "*Figures behind their inputs*, and `safeclock_input_timestamp_seconds`: does it compute too slowly, or read?",
            "Its processor time, and the number of platforms and cohorts that it holds.",
        ),
        do=("Restart it; when it comes back, give it a processor of its own.",),
        not_meant="a sick worker: it has measured.",
    ),
)
