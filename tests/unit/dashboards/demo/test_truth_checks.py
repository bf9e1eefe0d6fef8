from dataclasses import dataclass, field

import pytest

from dashboards.demo.ranking import ACTION, DECISION, RankingRow
from dashboards.demo.truth_checks import SegmentShares, TruthCheck, check_truths, format_ordinal
from dashboards.demo.truth_file import ClockTruth, GroundTruth, PlatformTruth, Segment
from streams.domain.duration_bins import DAY, HOUR, SECOND
from streams.domain.survival import UNKNOWN, Interval

AS_OF = 20_000 * DAY
SINCE = "2024-08-14T00:00:00.000Z"
SINCE_SECONDS = 1_723_593_600.0


def true_clocks(action: float, decision: float, published: float) -> dict[str, ClockTruth]:
    """Return the truth about both clocks; `published` is in seconds."""
    return {ACTION: ClockTruth(action, published), DECISION: ClockTruth(decision, published)}


def segment(action: float) -> Segment:
    """Return the truth on one side of a date."""
    return Segment(true_clocks(action, action, 60.0))


@dataclass
class DemoState:
    """Eight platforms as they are planted, and as a board shows them that measures right."""

    ground_truth: dict[str, PlatformTruth] = field(
        default_factory=lambda: {
            "harbor": PlatformTruth("acknowledges_only", None, 1_424, true_clocks(0.09, 0.12, 200)),
            "meadow": PlatformTruth("steady", None, 100, true_clocks(0.56, 0.90, 400)),
            "lantern": PlatformTruth(
                "faster", SINCE, 200, true_clocks(0.42, 0.72, 3_600), segment(0.35), segment(0.51)
            ),
            "cobalt": PlatformTruth("slower", SINCE, 300, true_clocks(0.33, 0.75, 1_800), segment(0.38), segment(0.27)),
            "pebble": PlatformTruth("auto_rejects", None, 50, true_clocks(0.17, 0.94, 9_000)),
            "juniper": PlatformTruth("publishes_on_close", None, 0, true_clocks(0.11, 0.40, 52_000)),
            "quartz": PlatformTruth("nightly_batches", None, 60, true_clocks(0.38, 0.87, 480)),
            "saffron": PlatformTruth("silent", SINCE, 80, true_clocks(0.30, 0.77, 6_500)),
        }
    )
    ranking: dict[str, RankingRow] = field(
        default_factory=lambda: {
            one.platform: one
            for one in (
                ranking_row("harbor", 1, 7, 7, (0.09, 0.12), open=1_430),
                ranking_row("meadow", 2, 1, 2, (0.56, 0.90)),
                ranking_row("quartz", 3, 3, 3, (0.38, 0.87), complete_through=(AS_OF - 14 * HOUR) / SECOND),
                ranking_row("cobalt", 4, 4, 5, (0.33, 0.75)),
                ranking_row("lantern", 5, 2, 6, (0.42, 0.72)),
                ranking_row("saffron", 6, 5, 4, (0.30, 0.77), complete_through=SINCE_SECONDS - 30),
                ranking_row("pebble", 7, 6, 1, (0.17, 0.94)),
                ranking_row("juniper", 8, None, None, None),
            )
        }
    )
    segments: dict[str, SegmentShares] = field(
        default_factory=lambda: {
            "lantern": SegmentShares(0.36, 0.50),
            "cobalt": SegmentShares(0.39, 0.26),
            "meadow": SegmentShares(0.56, 0.57),
        }
    )

    def truth_check(self, platform: str) -> TruthCheck:
        """Return the truth_check on one platform."""
        key = GroundTruth("2024-07-03T00:00:00.000Z", "2024-10-02T00:00:00.000Z", self.ground_truth)
        return next(one for one in check_truths(key, self.ranking, self.segments, AS_OF) if one.platform == platform)

    def update(self, platform: str, **otherwise: object) -> None:
        """Let the board show something else about a platform."""
        self.ranking[platform] = self.ranking[platform]._replace(**otherwise)  # type: ignore[arg-type]


def ranking_row(  # noqa: PLR0913 - a row of the table
    platform: str,
    published_rank: int,
    acted_rank: int | None,
    decided_rank: int | None,
    shares: tuple[float, float] | None,
    *,
    open: int = 100,  # noqa: A002 - the row's own word
    complete_through: float = AS_OF / SECOND,
) -> RankingRow:
    """Return what the board shows of a platform, acted and decided within 24 hours."""
    acted, decided = (UNKNOWN, UNKNOWN) if shares is None else (Interval(one, one, one) for one in shares)
    return RankingRow(
        platform=platform,
        filed=2_000,
        closed_only_median=600.0 * published_rank,
        closed_only_rank=published_rank,
        is_measurable=shares is not None,
        median=UNKNOWN,
        median_reached=None,
        acted_share=acted,
        acted_rank=acted_rank,
        decided_share=decided,
        decided_rank=decided_rank,
        open_reports=open,
        oldest_open=None,
        complete_through=complete_through,
    )


@pytest.mark.parametrize("platform", sorted(DemoState().ground_truth))
def test_what_is_planted_and_shows_holds(platform: str) -> None:
    truth_check = DemoState().truth_check(platform)

    assert truth_check.is_confirmed, truth_check.sentence
    assert truth_check.line.startswith(f"✓ {platform.title()}: ")


def test_the_sentence_about_unanswered_reports_has_both_ranks_and_their_number() -> None:
    sentence = DemoState().truth_check("harbor").sentence

    assert sentence.startswith("Harbor: 1st by closed-only median, 7th when its 1,430 unanswered reports count")


@pytest.mark.parametrize(
    ("platform", "otherwise"),
    [
        ("harbor", {"acted_rank": 2}),
        ("harbor", {"open_reports": 900}),
        ("harbor", {"acted_share": Interval(0.45, 0.4, 0.5)}),
        ("meadow", {"acted_share": Interval(0.40, 0.4, 0.4)}),
        ("meadow", {"closed_only_rank": 5}),
        ("pebble", {"decided_rank": 5}),
        ("pebble", {"acted_share": Interval(0.60, 0.6, 0.6)}),
        ("juniper", {"is_measurable": True, "acted_share": Interval(0.9, 0.9, 0.9)}),
        ("juniper", {"closed_only_median": None}),
        ("quartz", {"complete_through": (AS_OF - 3 * DAY) / SECOND}),
        ("quartz", {"is_measurable": False}),
        ("saffron", {"complete_through": SINCE_SECONDS + 3_600}),
        ("saffron", {"complete_through": SINCE_SECONDS - 7 * 86_400}),
        ("saffron", {"complete_through": None}),
    ],
)
def test_figures_that_do_not_show_what_was_planted_are_reported(platform: str, otherwise: dict[str, object]) -> None:
    world = DemoState()
    world.update(platform, **otherwise)

    truth_check = world.truth_check(platform)

    assert not truth_check.is_confirmed
    assert truth_check.line.startswith("✗ ")


@pytest.mark.parametrize(
    ("platform", "sides"),
    [
        ("lantern", SegmentShares(0.50, 0.36)),
        ("lantern", SegmentShares(0.42, 0.43)),
        ("lantern", SegmentShares(0.20, 0.50)),
        ("lantern", SegmentShares(None, 0.50)),
        ("cobalt", SegmentShares(0.26, 0.39)),
        ("meadow", SegmentShares(0.50, 0.60)),
    ],
)
def test_a_change_that_the_figures_do_not_show_is_no_change(platform: str, sides: SegmentShares) -> None:
    world = DemoState()
    world.segments[platform] = sides

    assert not world.truth_check(platform).is_confirmed


def test_a_platform_that_the_board_does_not_show_has_none_of_its_truth() -> None:
    world = DemoState()
    del world.ranking["quartz"]

    truth_check = world.truth_check("quartz")

    assert (truth_check.is_confirmed, truth_check.sentence) == (False, "Quartz: the board has no figures.")


def test_a_platform_is_divided_at_its_date_or_in_the_middle() -> None:
    key = GroundTruth("2024-07-03T00:00:00.000Z", "2024-10-02T00:00:00.000Z", DemoState().ground_truth)

    assert key.split_day("lantern") == SINCE_SECONDS // 86_400
    assert key.split_day("meadow") == 19_952


@pytest.mark.parametrize(
    ("rank", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (None, "unranked")]
)
def test_ranks_are_worded(rank: int | None, word: str) -> None:
    assert format_ordinal(rank) == word
