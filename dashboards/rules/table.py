"""The one table of alerts: rules, inhibitions, runbook and tests are made from it."""

from typing import Final

from dashboards.rules import burn, clocks, pipeline, platforms, quality, watching
from dashboards.rules.alert import Alert

ALERTS: Final[tuple[Alert, ...]] = (
    *burn.ALERTS,
    *clocks.ALERTS,
    *platforms.ALERTS,
    *quality.ALERTS,
    *pipeline.ALERTS,
    *watching.ALERTS,
)
