"""Turn items into weekly pools: counts of reports by week, harm, channel, clock, entry bin, value and ending.

A pool's day is the Monday of its week. The start of an open clock is a minute that counts from this Monday.
"""

from typing import Final, NamedTuple

import numpy as np

from streams.domain.clocks.endings import COMPETING_ENDINGS, OPEN, STOPPED
from streams.domain.duration_bins import EDGES, HOUR, MINUTE
from streams.domain.survival import FROM_START
from streams.domain.vocabulary import Outcome
from tests.tools.calibrate.item_draws import ACTED, COMPETING, REJECTED, UNANSWERED, Items
from tests.tools.calibrate.platform_world import STRATA, Integers

FIRST_WEEK: Final = 2_900
"""The week of a history's begin, in weeks since 1970."""

DECISION_CLOCK: Final = "time_to_decision"
ACTION_CLOCK: Final = "time_to_action"
REVERSAL_CLOCK: Final = "decision_reversed"

_EDGES: Final = np.array(EDGES)
_NO_VIOLATION: Final = COMPETING_ENDINGS[Outcome.NO_VIOLATION]
_WITHDRAWN: Final = COMPETING_ENDINGS[Outcome.WITHDRAWN]
_VALUES: Final = 1 << 21
"""More than any bin and any minute that counts from the Monday of the filing."""
_ENDINGS: Final = 1 << 8


class Pool(NamedTuple):
    """So many reports of one filing week that are equal in everything; `day` counts from 1970."""

    day: int
    harm: str
    channel: str
    clock: str
    entry_bin: int
    value: int
    ending: int
    reports: int


def pools(items: Items, clock: str) -> list[Pool]:
    """Return the pools of a clock."""
    code, reports = _pool_codes(items, clock)
    code, ending = np.divmod(code, _ENDINGS)
    code, value = np.divmod(code, _VALUES)
    week, stratum = np.divmod(code, len(STRATA))
    strata = [STRATA[place] for place in stratum.tolist()]
    columns = (column.tolist() for column in ((week + FIRST_WEEK) * 7 - 3, value, ending, reports))
    return [
        Pool(day, harm, channel, clock, FROM_START, at, how, count)
        for (harm, channel), day, at, how, count in zip(strata, *columns, strict=True)
    ]


def wait_bins(items: Items) -> Integers:
    """Return the duration bin of every item's wait."""
    return np.searchsorted(_EDGES, items.wait)


def _pool_codes(items: Items, clock: str) -> tuple[Integers, Integers]:
    """Return a number for each pool, ascending, and its reports."""
    value, ending, is_started = _clock_values(items, clock)
    code = ((items.week * len(STRATA) + items.stratum) * _VALUES + value) * _ENDINGS + ending
    codes, place = np.unique(code[is_started], return_inverse=True)
    return codes, np.bincount(place, items.reports[is_started], len(codes)).astype(np.int64)


def _clock_values(items: Items, clock: str) -> tuple[Integers, Integers, Integers]:
    """Return value and ending of a clock, and the places of the items on which it runs."""
    filed_minute = items.filed_hour * (HOUR // MINUTE)
    if clock == REVERSAL_CLOCK:
        started = np.flatnonzero(items.ending <= REJECTED)
        is_reversed = np.isfinite(items.reversal)
        minute = filed_minute + (np.minimum(items.wait, 1e10) // MINUTE).astype(np.int64)
        value = np.where(is_reversed, np.searchsorted(_EDGES, items.reversal), minute)
        return value, np.where(is_reversed, STOPPED, OPEN), started
    stop = _NO_VIOLATION if clock == ACTION_CLOCK else STOPPED
    endings = np.empty(4, dtype=np.int64)
    endings[[ACTED, REJECTED, COMPETING, UNANSWERED]] = (STOPPED, stop, _WITHDRAWN, OPEN)
    value = np.where(items.ending == UNANSWERED, filed_minute, wait_bins(items))
    return value, endings[items.ending], np.arange(len(items.week))
