"""Ranks the platforms by the board's metrics: by closed-only medians, and with open reports counted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from dashboards.board.samples import Samples
from streams.contract.metrics.metric import RECENT_COHORT
from streams.domain.survival import UNKNOWN, Interval

ACTION: Final = "time_to_action"
DECISION: Final = "time_to_decision"
_LIMIT: Final = "24h"


class RankingRow(NamedTuple):
    """The figures of one platform's recent filings.

    `closed_only_median` and `median` are in seconds; the value of `median` is None if it is not reached
    (`median_reached` is False) or not known (`median_reached` is None). `acted_share` and `decided_share` are shares
    within 24 hours. Rank 1 is the best; a rank is None without a figure. `oldest_open` and `complete_through` are in
    epoch seconds.
    """

    platform: str
    filed: int
    closed_only_median: float | None
    closed_only_rank: int | None
    is_measurable: bool
    median: Interval
    median_reached: bool | None
    acted_share: Interval
    acted_rank: int | None
    decided_share: Interval
    decided_rank: int | None
    open_reports: int
    oldest_open: float | None
    complete_through: float | None


def rank_platforms(samples: Samples, platforms: Sequence[str]) -> list[RankingRow]:
    """Return one row per platform, in the order of the platforms' names."""
    samples = defaultdict(dict, samples)  # A metric without series is missing from the samples.
    within = samples["safeclock_cohort_within_ratio"]
    closed_only = {name: _recent_value(samples, "cohort_closed_only_median_seconds", name) for name in platforms}
    acted = {name: _read_interval(within, (name, RECENT_COHORT, ACTION, _LIMIT)) for name in platforms}
    decided = {name: _read_interval(within, (name, RECENT_COHORT, DECISION, _LIMIT)) for name in platforms}
    by_closed_only = rank_values(closed_only)
    by_action = rank_values({name: _descending(figure) for name, figure in acted.items()})
    by_decision = rank_values({name: _descending(figure) for name, figure in decided.items()})
    return [
        RankingRow(
            platform=name,
            filed=round(samples["safeclock_cohort_filed_reports"][name, RECENT_COHORT]),
            closed_only_median=closed_only[name],
            closed_only_rank=by_closed_only.get(name),
            is_measurable=bool(_recent_value(samples, "cohort_measurable", name)),
            median=_read_interval(
                samples["safeclock_cohort_quantile_seconds"], (name, RECENT_COHORT, ACTION, "median")
            ),
            median_reached=_median_reached(samples, name),
            acted_share=acted[name],
            acted_rank=by_action.get(name),
            decided_share=decided[name],
            decided_rank=by_decision.get(name),
            open_reports=round(samples["safeclock_open_reports"][name,]),
            oldest_open=samples["safeclock_oldest_open_report_timestamp_seconds"].get((name,)),
            complete_through=samples["safeclock_complete_through_timestamp_seconds"].get((name,)),
        )
        for name in sorted(platforms)
    ]


def rank_values(values: Mapping[str, float | None]) -> dict[str, int]:
    """Return ranks from 1 for the smallest value; equal values share a rank, and None has no rank."""
    known = {name: figure for name, figure in values.items() if figure is not None}
    ordered = sorted(known.values())
    return {name: ordered.index(figure) + 1 for name, figure in known.items()}


def _recent_value(samples: Samples, metric: str, platform: str) -> float | None:
    return samples[f"safeclock_{metric}"].get((platform, RECENT_COHORT, ACTION))


def _median_reached(samples: Samples, platform: str) -> bool | None:
    found = samples["safeclock_cohort_quantile_reached"].get((platform, RECENT_COHORT, ACTION, "median"))
    return None if found is None else bool(found)


def _descending(share: Interval) -> float | None:
    """Return the negative share, so that the largest share gets rank 1; None if the share is not known."""
    return None if share.value is None else -share.value


def _read_interval(series: Mapping[tuple[str, ...], float], labels: tuple[str, ...]) -> Interval:
    value = series.get((*labels, "estimate"))
    if value is None:
        return UNKNOWN
    return Interval(value, series.get((*labels, "low")), series.get((*labels, "high")))
