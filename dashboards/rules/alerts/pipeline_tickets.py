"""Alerts that are tickets for the operator: the pipeline still measures, but a part of it needs attention."""

from typing import Final

from dashboards.promql import select
from dashboards.rules.alert import STALE_SECONDS, Alert, AlertSeverity, Audience

MAX_REBALANCES: Final = 10
MAX_LAG_RECORDS: Final = 10_000

MAX_CAPACITY_USED: Final = 0.8

MAX_CLOCK_AHEAD_SECONDS: Final = 5
"""The uncertainty that a worker assumes for its measured clock offset."""

_CLOCK_AHEAD: Final = select("safeclock_worker_clock_ahead_seconds")
_FEEDBACK_FAILING: Final = select("safeclock_worker_feedback_failing")
_CAPACITY_USED: Final = select("safeclock_capacity_used_ratio")
_AS_OF: Final = select("safeclock_as_of_timestamp_seconds")
# One series per partition: the last value of a former owner must not count for the whole window.
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
        starting_when="a process stops answering while another process of its kind answers",
        means="one of several boards or workers, or an Alertmanager, has not answered for 15 minutes. Other processes do "
        "its work, and fewer are left to replace them.",
        check=("Does the process run, and what are the last lines of its log?",),
        do=("Start the process, or remove it from the targets if it was removed on purpose.",),
        not_meant="a gap in the figures: a partition without an owner raises a page of its own.",
    ),
    Alert(
        name="SafeclockFeedbackFailing",
        expr=f"max by (platform) ({_FEEDBACK_FAILING}) > 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="{{ $labels.platform }} receives no feedback about its events",
        for_="15m",
        notified_within="22m",
        starting_when="a worker cannot write to the platform's feedback topic",
        means="the feedback topic of this platform is missing, has another number of partitions, accepts only smaller "
        "record batches than it should, or may not be written. The platform's events are still counted, and its refusals "
        "are on `event-refused`; `safeclock status` shows an old status.",
        check=(
            "A worker's log: `gets no feedback on its events` names the topic and what is wrong with it.",
            "`safeclock admin plan` shows the differences.",
        ),
        do=(
            "Run `safeclock admin apply`. Workers notice within seconds and send feedback again.",
            "If the number of partitions is wrong: delete the topic, then run `safeclock admin apply`.",
            "If a worker's log says `before a restart`, restart that worker.",
        ),
        not_meant="a fault of the figures: they are complete.",
    ),
    Alert(
        name="SafeclockRebalancing",
        expr=f"max(increase({select('safeclock_worker_rebalances_total')}[1h])) > {MAX_REBALANCES}",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="partitions were reassigned {{ $value | humanize }} times in an hour",
        for_="15m",
        notified_within="25m",
        starting_when=f"more than {MAX_REBALANCES} assignments in an hour",
        means=f"the consumer group rebalanced more than {MAX_REBALANCES} times in an hour. At every rebalance all workers "
        "stop, and some restore partitions.",
        check=(
            "Which workers join and leave: their logs say `Setting newly assigned partitions` at every assignment.",
            "Pauses of a machine, or of the network, that are longer than the session timeout of ten seconds.",
        ),
        do=("Give each worker its own `SAFECLOCK_INSTANCE`: a restart then moves no partition.",),
        not_meant="that events are lost.",
    ),
    Alert(
        name="SafeclockWorkerClockAhead",
        expr=f"max by (instance) (abs({_CLOCK_AHEAD})) > {MAX_CLOCK_AHEAD_SECONDS}",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="the clock of worker {{ $labels.instance }} is {{ $value | humanizeDuration }} off the broker's",
        for_="15m",
        notified_within="22m",
        starting_when="the clock of a worker's host or of a broker's host is wrong",
        means=f"for 15 minutes a worker's clock has differed from the broker's timestamps by more than {MAX_CLOCK_AHEAD_SECONDS} s. "
        "The worker decides deadlines by the broker's clock, so no figure is wrong yet. If the clock of a broker is wrong, "
        "the log times of events are wrong, and nobody can correct them later.",
        check=(
            "`safeclock_worker_clock_ahead_seconds`: does it concern one worker or all, and which partitions?",
            "`chronyc tracking` or `timedatectl` on the hosts of the worker and the brokers: is their time right?",
        ),
        do=("Repair the time service of the host with the wrong clock; the worker notices with its next commits.",),
        not_meant="that deadlines were missed by mistake: they are decided by the broker's clock.",
    ),
    Alert(
        name="SafeclockCapacityNearlyUsed",
        expr=f"max by (platform) ({_CAPACITY_USED}) > {MAX_CAPACITY_USED}",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="{{ $labels.platform }} uses {{ $value | humanizePercentage }} of its capacity on a partition",
        for_="15m",
        notified_within="22m",
        starting_when=f"a partition keeps more than {MAX_CAPACITY_USED:.0%} of the reports that the platform may have there",
        means="a partition keeps nearly as many reports of a platform as the registry allows. At 100 % it refuses further "
        "reports as `over_capacity`; events of the reports that it keeps still count.",
        check=(
            "`safeclock_reports_filed_total` of the platform: did it rise slowly, as in a growing service, or within hours?",
            "Are the filings spread over the partitions? A publisher that chooses its tokens can fill one of them.",
        ),
        do=(
            (
                "If the platform really files so many reports: give the workers more memory "
                "([performance.md](performance.md#what-one-platform-may-hold)), raise its `capacity` in the registry, and "
                "restart workers and boards."
            ),
            "If it does not: ask the platform's engineer to stop the publisher. Other platforms are counted as before.",
        ),
        not_meant="a fault of the worker, or a reason to shorten the retention of all platforms.",
    ),
    Alert(
        name="SafeclockLagGrowing",
        expr=f"min_over_time({_LAG}) > {MAX_LAG_RECORDS}\nand deriv({_LAG}) > 0",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="partition {{ $labels.partition }} is {{ $value | humanize }} records behind, and its lag grows",
        for_="30m",
        notified_within="2h",
        starting_when="more is published than is measured",
        means=f"for 90 minutes a partition was always at least {MAX_LAG_RECORDS:,} records behind its topics, and the lag "
        "grew: platforms publish more than one worker measures.",
        check=(
            "Is it an import? Then the lag falls when the import ends.",
            "One partition: its worker is slow, or a publisher does not spread its keys. All partitions: there is more traffic.",
            "The processor time of the worker.",
        ),
        do=("Start another worker if one worker owns several partitions.",),
        not_meant="missed deadlines: they are decided by log time.",
    ),
    Alert(
        name="SafeclockBoardBehind",
        # `min` finds the slower one of two boards; `max` would show only the faster one.
        expr=f"max({_AS_OF}) - min({_FIGURES_COMPUTED_AT}) > {STALE_SECONDS}\nor time() - min({_INPUT_READ_AT}) > {STALE_SECONDS}",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.TICKET,
        summary="the board is {{ $value | humanizeDuration }} behind in computing figures or in reading measures",
        for_="15m",
        notified_within="40m",
        starting_when="the board computes or reads for the last time",
        means="the board's cohort figures are older than the measures that it has read, or the board has not reached the "
        "end of `measures` for 15 minutes.",
        check=(
            "*Figures behind their inputs* and `safeclock_input_timestamp_seconds`: is computing too slow, or reading?",
            "The board's processor time, and the number of platforms and cohorts.",
        ),
        do=("Restart the board; if the alert comes back, give the board a processor of its own.",),
        not_meant="a fault of a worker: the workers have measured.",
    ),
)
