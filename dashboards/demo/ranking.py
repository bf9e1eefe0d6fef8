"""Where every platform stands, read from the board's metrics: as it is published, and with those who wait."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from dashboards.board.samples import Values
from streams.contract.metrics.metric import RECENT_COHORT
from streams.domain.survival import UNKNOWN, Interval

ACTION: Final = "time_to_action"
DECISION: Final = "time_to_decision"
_LIMIT: Final = "24h"


class Standing(NamedTuple):
    """One platform's recent filings.

    `published` is the median in seconds of closed reports alone; `median` the time by which half of all were acted on
    (value None: not reached, or not known, which `reached` tells apart: None where it is not known); `acted` and `decided` are shares within 24 hours. Ranks count from 1, the best; None
    where there is no figure. `oldest_open` and `complete_through` are in epoch seconds.
    """

    platform: str
    filed: int
    published: float | None
    published_rank: int | None
    measurable: bool
    median: Interval
    reached: bool | None
    acted: Interval
    acted_rank: int | None
    decided: Interval
    decided_rank: int | None
    open: int
    oldest_open: float | None
    complete_through: float | None


def standings(values: Values, platforms: Sequence[str]) -> list[Standing]:
    """Return every platform's standing, in the order of their names."""
    values = defaultdict(dict, values)  # a metric that has no series yet is not there
    within = values["safeclock_cohort_within_ratio"]
    published = {name: _recent(values, "cohort_closed_only_median_seconds", name) for name in platforms}
    acted = {name: _interval(within, (name, RECENT_COHORT, ACTION, _LIMIT)) for name in platforms}
    decided = {name: _interval(within, (name, RECENT_COHORT, DECISION, _LIMIT)) for name in platforms}
    by_publication = ranks(published)
    by_action = ranks({name: _falling(figure) for name, figure in acted.items()})
    by_decision = ranks({name: _falling(figure) for name, figure in decided.items()})
    return [
        Standing(
            platform=name,
            filed=round(values["safeclock_cohort_filed_reports"][name, RECENT_COHORT]),
            published=published[name],
            published_rank=by_publication.get(name),
            measurable=bool(_recent(values, "cohort_measurable", name)),
            median=_interval(values["safeclock_cohort_quantile_seconds"], (name, RECENT_COHORT, ACTION, "median")),
            reached=_reached(values, name),
            acted=acted[name],
            acted_rank=by_action.get(name),
            decided=decided[name],
            decided_rank=by_decision.get(name),
            open=round(values["safeclock_open_reports"][name,]),
            oldest_open=values["safeclock_oldest_open_report_timestamp_seconds"].get((name,)),
            complete_through=values["safeclock_complete_through_timestamp_seconds"].get((name,)),
        )
        for name in sorted(platforms)
    ]


def ranks(figures: Mapping[str, float | None]) -> dict[str, int]:
    """Return the ranks from 1, the smallest figure first; equal figures share one, without a figure there is none."""
    known = {name: figure for name, figure in figures.items() if figure is not None}
    ordered = sorted(known.values())
    return {name: ordered.index(figure) + 1 for name, figure in known.items()}


def _recent(values: Values, metric: str, platform: str) -> float | None:
    return values[f"safeclock_{metric}"].get((platform, RECENT_COHORT, ACTION))


def _reached(values: Values, platform: str) -> bool | None:
    found = values["safeclock_cohort_quantile_reached"].get((platform, RECENT_COHORT, ACTION, "median"))
    return None if found is None else bool(found)


def _falling(share: Interval) -> float | None:
    """Return what ranks a share: the largest is the best."""
    return None if share.value is None else -share.value


def _interval(series: Mapping[tuple[str, ...], float], words: tuple[str, ...]) -> Interval:
    value = series.get((*words, "estimate"))
    if value is None:
        return UNKNOWN
    return Interval(value, series.get((*words, "low")), series.get((*words, "high")))
