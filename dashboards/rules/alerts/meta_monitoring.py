"""Whether alerts are worked out and arrive at all: what Prometheus and Alertmanager say about themselves."""

from typing import Final

from dashboards.rules.alert import Alert, AlertSeverity, Audience

_RULES_FAILING: Final = 'sum(increase(prometheus_rule_evaluation_failures_total{rule_group=~".*safeclock-.*"}[5m])) > 0'
# Every attempt counts, for a notification is given up only after a group interval; and a receiver that refuses is
# asked again only then: the window is longer than that.
_ALERTS_UNDELIVERED: Final = (
    "sum(increase(alertmanager_notification_requests_failed_total[6m])) > 0\n"
    "or sum(increase(prometheus_notifications_errors_total[5m])) > 0\n"
    "or sum(increase(prometheus_notifications_dropped_total[5m])) > 0"
)

ALERTS: Final = (
    Alert(
        name="SafeclockRulesFailing",
        expr=_RULES_FAILING,
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="rules cannot be evaluated: an alert may be missing",
        for_="10m",
        notified_within="13m",
        starting_when="the first evaluation that fails, while others go on failing",
        means="Prometheus could not evaluate a rule of Safeclock's. An alert that is not evaluated does not fire.",
        check=("Prometheus' own page `/rules`: it names the rule and the error.", "Its memory and its disk."),
        do=(
            "Two series where the rule expects one: something else exports our names. Take it out of the targets.",
            "Otherwise go back to the rule file before.",
        ),
        not_meant="a fault of the pipeline that is measured.",
    ),
    Alert(
        name="SafeclockAlertsUndelivered",
        expr=_ALERTS_UNDELIVERED,
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="alerts do not get from Prometheus to Alertmanager or from there to somebody",
        for_="10m",
        notified_within="13m",
        starting_when="the first delivery that fails, while others go on failing",
        means="for ten minutes deliveries failed: from Prometheus to Alertmanager, or from Alertmanager to a receiver.",
        check=("Alertmanager's log: it names the receiver and the error.", "Whether Alertmanager is up."),
        do=(
            "Mend the way out. What still fires is sent again by itself.",
            "Look at the alerts in Alertmanager's own page: this one may not have come alone.",
        ),
        not_meant="certain to arrive: when no way out works, the watchdog's silence is what is left.",
    ),
    Alert(
        name="SafeclockWatchdog",
        expr="vector(1)",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.NONE,
        summary="always firing: when it stops arriving, alerts do not arrive",
        for_="0m",
        notified_within="2m",
        starting_when="Prometheus starts",
        means="alerts flow. It always fires, towards a dead man's switch outside this installation, which tells the "
        "operator when it stops arriving.",
        check=(
            (
                "When it stops: is Prometheus up, does it load its rules, does Alertmanager receive them, does the way "
                "out work?"
            ),
        ),
        do=("Nothing while it arrives.",),
        not_meant="a problem in itself.",
    ),
)
