"""Collects all alerts in one table, from which rules, inhibitions, runbook and tests are generated."""

from typing import Final

from dashboards.rules.alert import Alert
from dashboards.rules.alerts import burn_rate, data_quality, meta_monitoring, objectives, platforms, verdicts
from dashboards.rules.alerts.pipeline_paging import PAGING_ALERTS
from dashboards.rules.alerts.pipeline_tickets import TICKET_ALERTS

ALERTS: Final[tuple[Alert, ...]] = (
    *burn_rate.ALERTS,
    *objectives.ALERTS,
    *platforms.ALERTS,
    *data_quality.ALERTS,
    *verdicts.ALERTS,
    *PAGING_ALERTS,
    *TICKET_ALERTS,
    *meta_monitoring.ALERTS,
)
