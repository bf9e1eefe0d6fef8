"""Checks whether the board's figures confirm each planted effect, and states each result in one sentence."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from dashboards.demo.ranking import ACTION, DECISION, RankingRow, rank_values
from dashboards.demo.truth_file import GroundTruth, PlatformTruth, Segment, parse_ms
from streams.contract.outputs.formatting import format_duration
from streams.contract.timestamps import format_timestamp
from streams.domain.duration_bins import DAY, HOUR, SECOND

_SHARE_TOLERANCE: Final = 0.03
"""Shares that differ by at most this much count as equal."""
_MIN_CHANGE: Final = 0.05
"""A planted change moves a share by at least this much; the share of a steady platform moves by less."""
_MIN_RANK_LOSS: Final = 3
"""A platform with a misleading closed-only rank loses at least this many places when open reports count."""


class SegmentShares(NamedTuple):
    """The shares acted on within 24 hours, of filings before and after a date; None where a share is not known."""

    before: float | None
    after: float | None


class Evidence(NamedTuple):
    """The board's figures and the ground truth of one platform; `expected_ranks` are its ranks by the ground truth.

    `as_of` is the time of the figures in epoch milliseconds.
    """

    row: RankingRow
    truth: PlatformTruth
    segment_shares: SegmentShares | None
    expected_ranks: Mapping[str, int]
    as_of: int


class TruthCheck(NamedTuple):
    """The effect that is planted in a platform, a sentence about it, and whether the figures confirm it."""

    platform: str
    truth: str
    sentence: str
    is_confirmed: bool

    @property
    def line(self) -> str:
        """The sentence after a check mark or a cross."""
        return f"{'✓' if self.is_confirmed else '✗'} {self.sentence}"


def check_truths(
    ground_truth: GroundTruth, rows: Mapping[str, RankingRow], segment_shares: Mapping[str, SegmentShares], as_of: int
) -> list[TruthCheck]:
    """Return a check for every platform of the ground truth; it fails if the board has no row for the platform."""
    expected = _expected_ranks(ground_truth, rows)
    checks = []
    for name, truth in sorted(ground_truth.platforms.items()):
        if name not in rows:
            checks.append(
                TruthCheck(name, truth.truth, f"{name.title()}: the board has no figures.", is_confirmed=False)
            )
            continue
        evidence = Evidence(rows[name], truth, segment_shares.get(name), expected.get(name, {}), as_of)
        sentence, is_confirmed = _CHECKS[truth.truth](evidence)
        checks.append(TruthCheck(name, truth.truth, f"{name.title()}: {sentence}", is_confirmed))
    return checks


def _expected_ranks(ground_truth: GroundTruth, rows: Mapping[str, RankingRow]) -> Mapping[str, Mapping[str, int]]:
    """Return every platform's true ranks; by shares, only platforms with a share on the board are ranked."""
    truth = {name: platform.published_clocks for name, platform in ground_truth.platforms.items()}
    ranked = [name for name in truth if name in rows and rows[name].acted_rank is not None]
    closed_only = rank_values({name: clocks[ACTION].closed_only_median_seconds for name, clocks in truth.items()})
    acted = rank_values({name: -(truth[name][ACTION].share_within_24h or 0.0) for name in ranked})
    decided = rank_values({name: -(truth[name][DECISION].share_within_24h or 0.0) for name in ranked})
    by_word = {"published": closed_only, "acted": acted, "decided": decided}
    return {name: {figure: ranks[name] for figure, ranks in by_word.items() if name in ranks} for name in truth}


def format_ordinal(rank: int | None) -> str:
    """Return a rank as an ordinal: 1st, 2nd, 3rd, 4th; "unranked" for None."""
    if rank is None:
        return "unranked"
    ending = "th" if rank % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"


def _check_acknowledges_only(evidence: Evidence) -> tuple[str, bool]:
    row = evidence.row
    sentence = (
        f"{format_ordinal(row.closed_only_rank)} by closed-only median, {format_ordinal(row.acted_rank)} when its {row.open_reports:,} "
        f"unanswered reports count: {_format_percent(row.acted_share.value)} acted on within 24 h."
    )
    falls = (row.acted_rank or 0) - (row.closed_only_rank or 0) >= _MIN_RANK_LOSS
    unanswered = row.open_reports >= evidence.truth.published_unanswered * (1 - _SHARE_TOLERANCE)
    return sentence, falls and unanswered and _has_expected_ranks(evidence) and _has_true_share(evidence, ACTION)


def _check_auto_rejects(evidence: Evidence) -> tuple[str, bool]:
    row = evidence.row
    sentence = (
        f"{format_ordinal(row.decided_rank)} by decisions within 24 h ({_format_percent(row.decided_share.value)}), "
        f"{format_ordinal(row.acted_rank)} by action ({_format_percent(row.acted_share.value)}): it rejects nearly everything at once."
    )
    falls = (row.acted_rank or 0) - (row.decided_rank or 0) >= _MIN_RANK_LOSS
    return sentence, falls and _has_expected_ranks(evidence) and _has_true_share(evidence, ACTION) and _has_true_share(
        evidence, DECISION
    )


def _check_publishes_on_close(evidence: Evidence) -> tuple[str, bool]:
    row = evidence.row
    sentence = (
        f"has a closed-only median of {_format_median(row.closed_only_median)} and is not measurable, because it publishes a report only "
        "when the report is closed."
    )
    if row.is_measurable:
        sentence = f"{_format_percent(row.acted_share.value)} acted on within 24 h, as if it published reports when they are filed."
    return sentence, not row.is_measurable and row.acted_share.value is None and row.closed_only_median is not None


def _check_nightly_batches(evidence: Evidence) -> tuple[str, bool]:
    row = evidence.row
    age = _watermark_age(evidence)
    sentence = (
        f"publishes once a night; its figures are complete up to {_format_age(age)} and correct: "
        f"{_format_percent(row.acted_share.value)} acted on within 24 h."
    )
    nightly = age is not None and age <= (DAY + HOUR) / SECOND
    return sentence, nightly and row.is_measurable and _has_true_share(evidence, ACTION)


def _check_silent(evidence: Evidence) -> tuple[str, bool]:
    row = evidence.row
    if row.complete_through is None or evidence.truth.since is None:
        return "has never declared a watermark.", False
    sentence = (
        f"silent since {_format_date(row.complete_through)}, {_format_age(_watermark_age(evidence))}: its figures stop there, "
        f"with {row.open_reports:,} reports open."
    )
    late = parse_ms(evidence.truth.since) / SECOND - row.complete_through
    return sentence, 0 <= late <= DAY / SECOND and _has_true_share(evidence, ACTION)


def _check_change(evidence: Evidence, direction: str, sign: int) -> tuple[str, bool]:
    shares = evidence.segment_shares
    if shares is None or shares.before is None or shares.after is None or evidence.truth.since is None:
        return "the shares before and after are not known.", False
    sentence = (
        f"{direction} since {_format_date(parse_ms(evidence.truth.since) / SECOND)}: {_format_percent(shares.before)} acted on within 24 h "
        f"before, {_format_percent(shares.after)} after."
    )
    moved = sign * (shares.after - shares.before) >= _MIN_CHANGE
    return sentence, moved and _is_segment_share(evidence.truth.before, shares.before) and _is_segment_share(
        evidence.truth.after, shares.after
    )


def _check_faster(evidence: Evidence) -> tuple[str, bool]:
    return _check_change(evidence, "faster", 1)


def _check_slower(evidence: Evidence) -> tuple[str, bool]:
    return _check_change(evidence, "slower", -1)


def _check_steady(evidence: Evidence) -> tuple[str, bool]:
    row, shares = evidence.row, evidence.segment_shares
    if shares is None or shares.before is None or shares.after is None:
        return "the shares of both halves are not known.", False
    sentence = (
        f"steady, {_format_percent(shares.before)} acted on within 24 h in the first half and {_format_percent(shares.after)} in the "
        f"second; {format_ordinal(row.closed_only_rank)} by closed-only median, {format_ordinal(row.acted_rank)} when open reports count."
    )
    return sentence, abs(shares.after - shares.before) < _MIN_CHANGE and _has_expected_ranks(
        evidence
    ) and _has_true_share(evidence, ACTION)


_CHECKS: Final[Mapping[str, Callable[[Evidence], tuple[str, bool]]]] = {
    "acknowledges_only": _check_acknowledges_only,
    "auto_rejects": _check_auto_rejects,
    "publishes_on_close": _check_publishes_on_close,
    "nightly_batches": _check_nightly_batches,
    "silent": _check_silent,
    "faster": _check_faster,
    "slower": _check_slower,
    "steady": _check_steady,
}


def _has_expected_ranks(evidence: Evidence) -> bool:
    """Return whether each rank differs by at most one from the ground truth, since neighbours may be nearly equal."""
    row = evidence.row
    ranks = {"published": row.closed_only_rank, "acted": row.acted_rank, "decided": row.decided_rank}
    return all(
        rank is not None and abs(rank - evidence.expected_ranks.get(figure, 0)) <= 1 for figure, rank in ranks.items()
    )


def _has_true_share(evidence: Evidence, clock: str) -> bool:
    """Return whether the share of a clock is close to the ground truth."""
    share = (evidence.row.acted_share if clock == ACTION else evidence.row.decided_share).value
    return _is_close(share, evidence.truth.published_clocks[clock].share_within_24h)


def _is_segment_share(segment: Segment | None, share: float) -> bool:
    return segment is not None and _is_close(share, segment.clocks[ACTION].share_within_24h)


def _is_close(share: float | None, true_share: float | None) -> bool:
    return share is not None and true_share is not None and abs(share - true_share) <= _SHARE_TOLERANCE


def _watermark_age(evidence: Evidence) -> float | None:
    """Return how many seconds the declared watermark is behind the figures' time; None without a watermark."""
    complete_through = evidence.row.complete_through
    return None if complete_through is None else evidence.as_of / SECOND - complete_through


def _format_age(seconds: float | None) -> str:
    return "an unknown time ago" if seconds is None else f"{format_duration(seconds)} ago"


def _format_percent(share: float | None) -> str:
    return "an unknown share" if share is None else f"{share:.0%}"


def _format_median(seconds: float | None) -> str:
    return "nothing" if seconds is None else format_duration(seconds)


def _format_date(seconds: float) -> str:
    return format_timestamp(round(seconds * SECOND))[:10]
