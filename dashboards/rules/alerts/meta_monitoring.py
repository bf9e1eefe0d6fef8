"""Alerts on the alerting itself: whether rules are evaluated and alerts are delivered."""

from typing import Final

from dashboards.rules.alert import Alert, AlertSeverity, Audience

_RULES_FAILING: Final = 'sum(increase(prometheus_rule_evaluation_failures_total{rule_group=~".*safeclock-.*"}[5m])) > 0'
# Every failed attempt counts, since Alertmanager gives a notification up only after a group interval. It also retries
# a receiver that rejects only after that interval, so the window is longer than the interval.
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
        summary="Prometheus cannot evaluate a rule: an alert may be missing",
        for_="10m",
        notified_within="13m",
        starting_when="the first evaluation fails and others continue to fail",
        means="Prometheus could not evaluate a rule of Safeclock. An alert that is not evaluated does not fire.",
        check=("The page `/rules` of Prometheus: it names the rule and the error.", "Memory and disk of Prometheus."),
        do=(
            "Two series where the rule expects one: another process exports our metric names. Remove it from the targets.",
            "Otherwise return to the previous rule file.",
        ),
        not_meant="a fault of the pipeline.",
    ),
    Alert(
        name="SafeclockAlertsUndelivered",
        expr=_ALERTS_UNDELIVERED,
        audience=Audience.OPERATOR,
        severity=AlertSeverity.PAGE,
        summary="alerts do not get from Prometheus to Alertmanager, or from Alertmanager to a receiver",
        for_="10m",
        notified_within="13m",
        starting_when="the first delivery fails and others continue to fail",
        means="deliveries failed for ten minutes: from Prometheus to Alertmanager, or from Alertmanager to a receiver.",
        check=("Alertmanager's log: it names the receiver and the error.", "Whether Alertmanager is up."),
        do=(
            "Repair the delivery. Alertmanager then sends alerts that still fire again, automatically.",
            "Look at Alertmanager's page: other alerts may fire that were not delivered.",
        ),
        not_meant="that you always receive this alert: if no receiver works, only the missing watchdog shows the fault.",
    ),
    Alert(
        name="SafeclockWatchdog",
        expr="vector(1)",
        audience=Audience.OPERATOR,
        severity=AlertSeverity.NONE,
        summary="this alert always fires: if it stops arriving, no alert arrives",
        for_="0m",
        notified_within="2m",
        starting_when="Prometheus starts",
        means="alerts are delivered. This alert always fires and goes to a dead man's switch outside this installation, "
        "which notifies the operator when the alert stops arriving.",
        check=(
            (
                "When the alert stops: does Prometheus run, does it load its rules, does Alertmanager receive the alerts, "
                "and do the receivers work?"
            ),
        ),
        do=("Nothing while the alert arrives.",),
        not_meant="a problem.",
    ),
)
