"""What an alert is: who is told of what, how urgently, how soon, and what it keeps others from saying."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dashboards.promql import select, select_once

RUNBOOK_PATH: Final = "docs/runbook.md"
STALE_SECONDS: Final = 15 * 60
"""Figures older than this are stale: ten times what a healthy pipeline needs to catch up after a restart."""

LOOKBACK: Final = "15m"
"""For so long a value stands when a board is away: it restarts in less, and an older one would be stale."""


def last_value(name: str, modifier: str = "", **labels: str) -> str:
    """Return a metric of the boards with its last value of `HELD`: a restart in between ends no waiting.

    `then` follows the range, such as ` offset 1d`.
    """
    return f"last_over_time({select(name, **labels)}[{LOOKBACK}]{modifier})"


FIGURES_ARE_FRESH: Final = f"time() - max({last_value('safeclock_as_of_timestamp_seconds')}) < {STALE_SECONDS}"
"""Holds while the figures are fresh. While a changelog is measured again they are not: they are as of then."""


class Audience(StrEnum):
    """Who is told; of what is told to the analyst about a platform, the platform gets a copy."""

    ANALYST = "analyst"
    OPERATOR = "operator"


class AlertSeverity(StrEnum):
    """How urgently: a page wakes somebody, a ticket waits for the morning, a digest is read once a day.

    None only proves that alerts flow.
    """

    PAGE = "page"
    TICKET = "ticket"
    DIGEST = "digest"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """What is not told while an alert fires: `of` by name, or all that an audience gets; `equal` labels must agree."""

    targets: tuple[str, ...] | Audience
    equal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert and its runbook entry, which has its name; durations in Prometheus' notation.

    It fires when `expr` has held for `wait`, and `keep` longer than it holds. `within` is how long after `since` it is
    told at the latest, the digest's waiting for the morning aside. `mistaken` is what it does not mean.
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
        """Where the runbook says what to do."""
        return f"{RUNBOOK_PATH}#{self.name.lower()}"


def only_when_fresh(expr: str) -> str:
    """Return `expr` while the figures are fresh, nothing while they are stale or gone: no data accuses nobody."""
    return f"(\n{expr}\n)\nand on () ({FIGURES_ARE_FRESH})"


def only_fresh_samples(expr: str) -> str:
    """Return `expr`, to be looked back upon: its values of times at which the figures were stale are left out."""
    return f"({expr} and on () ({FIGURES_ARE_FRESH}))"


def has_grown(name: str, **labels: str) -> str:
    """Return a counter of the boards that grew within an hour, or since one was last there: for hours, it may be.

    One that is first seen above zero has grown: nobody was told of it.
    """
    counter = select_once(name, **labels)
    before = f"last_over_time({counter}[1d:1m] offset 1h)"
    return f"increase({counter}[1h:1m]) > 0 or {counter} > ({before} or 0 * {counter})"
