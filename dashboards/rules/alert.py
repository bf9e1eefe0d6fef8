"""Defines an alert: expression, audience, severity, runbook texts, and the alerts that it inhibits."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dashboards.promql import select, select_once

RUNBOOK_PATH: Final = "docs/runbook.md"
STALE_SECONDS: Final = 15 * 60
"""Figures that are older are stale. A healthy pipeline catches up after a restart in a tenth of this time."""

LOOKBACK: Final = "15m"
"""How long the last value of a board is used after the board stops: longer than a restart, as long as figures are fresh."""


def last_value(name: str, modifier: str = "", **labels: str) -> str:
    """Return the last value of a board metric within `LOOKBACK`, so that a board's restart does not reset a `for`.

    `modifier` follows the range, such as ` offset 1d`.
    """
    return f"last_over_time({select(name, **labels)}[{LOOKBACK}]{modifier})"


FIGURES_ARE_FRESH: Final = f"time() - max({last_value('safeclock_as_of_timestamp_seconds')}) < {STALE_SECONDS}"
"""True while the figures are fresh. They are not fresh while a changelog is replayed, since `as_of` is then old."""


class Audience(StrEnum):
    """Who receives an alert; the platform gets a copy of the analyst's alerts about the platform."""

    ANALYST = "analyst"
    OPERATOR = "operator"


class AlertSeverity(StrEnum):
    """How urgent an alert is: a page wakes the operator, a ticket waits for the morning, a digest is read once a day.

    `NONE` is for the watchdog, which only proves that alerts arrive.
    """

    PAGE = "page"
    TICKET = "ticket"
    DIGEST = "digest"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """The alerts that are not sent while an alert fires: by name or by audience; the labels in `equal` must be equal."""

    targets: tuple[str, ...] | Audience
    equal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert and its runbook entry of the same name; durations in Prometheus' notation.

    The alert fires when `expr` was true for `for_`, and until it was false for `keep_firing_for`. The audience is
    notified within `notified_within` after `starting_when`; a digest also waits for the morning. `not_meant` says what
    the alert does not mean.
    """

    name: str
    expr: str
    audience: Audience
    severity: AlertSeverity
    summary: str
    for_: str
    notified_within: str
    starting_when: str
    means: str
    check: tuple[str, ...]
    do: tuple[str, ...]
    not_meant: str
    keep_firing_for: str = "0m"
    inhibits: tuple[Inhibition, ...] = ()

    @property
    def runbook_url(self) -> str:
        """The link to the alert's runbook entry."""
        return f"{RUNBOOK_PATH}#{self.name.lower()}"


def only_when_fresh(expr: str) -> str:
    """Return `expr` while the figures are fresh, no result otherwise: missing data must not blame a platform."""
    return f"(\n{expr}\n)\nand on () ({FIGURES_ARE_FRESH})"


def only_fresh_samples(expr: str) -> str:
    """Return `expr` for use in a subquery: samples from times with stale figures are left out."""
    return f"({expr} and on () ({FIGURES_ARE_FRESH}))"


def has_grown(name: str, **labels: str) -> str:
    """Return an expression for a board counter that grew within an hour, or while no board was scraped.

    A counter that is above zero at its first scrape counts as grown, since no alert about it was sent before.
    """
    counter = select_once(name, **labels)
    before = f"last_over_time({counter}[1d:1m] offset 1h)"
    return f"increase({counter}[1h:1m]) > 0 or {counter} > ({before} or 0 * {counter})"
