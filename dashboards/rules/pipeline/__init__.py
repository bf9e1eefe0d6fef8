"""A sick pipeline: what the operator is told."""

from typing import Final

from dashboards.rules.pipeline.pages import PAGES
from dashboards.rules.pipeline.tickets import TICKETS

ALERTS: Final = (*PAGES, *TICKETS)
