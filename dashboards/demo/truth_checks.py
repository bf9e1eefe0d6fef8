"""One plain sentence for each planted truth, and whether the board's figures show it."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from dashboards.demo.ranking import ACTION, DECISION, Standing, ranks
from dashboards.demo.truth_file import Key, Planted, Side, instant_ms
from streams.contract.formatting import format_duration
from streams.contract.timestamps import format_timestamp
from streams.domain.grid import DAY, HOUR, SECOND

_NEAR: Final = 0.03
"""Shares that differ by no more than this are taken for the same."""
_STEP: Final = 0.05
"""A planted change moves a share by more than this; what is steady moves by less."""
_FALL: Final = 3
"""A platform whose rank was a matter of publishing loses so many places at least."""


class Sides(NamedTuple):
    """The shares acted on within 24 hours of the filings before and after a date; None where they cannot be given."""

    before: float | None
    after: float | None


class Evidence(NamedTuple):
    """What the board shows and the key says of one platform; `expected` are its ranks by the key.

    `as_of` is the time of the figures in epoch milliseconds.
    """

    standing: Standing
    planted: Planted
    sides: Sides | None
    expected: Mapping[str, int]
    as_of: int


class Verdict(NamedTuple):
    """What is planted in a platform, the sentence about it, and whether the figures show it."""

    platform: str
    truth: str
    sentence: str
    holds: bool

    @property
    def line(self) -> str:
        """The sentence with its mark."""
        return f"{'✓' if self.holds else '✗'} {self.sentence}"


def verdicts(key: Key, standings: Mapping[str, Standing], sides: Mapping[str, Sides], as_of: int) -> list[Verdict]:
    """Return a verdict on every platform of the key; one that the board does not show has none of its truth."""
    expected = _expected_ranks(key, standings)
    found = []
    for name, planted in sorted(key.platforms.items()):
        if name not in standings:
            found.append(Verdict(name, planted.truth, f"{name.title()}: the board shows nothing.", holds=False))
            continue
        evidence = Evidence(standings[name], planted, sides.get(name), expected.get(name, {}), as_of)
        sentence, holds = _JUDGES[planted.truth](evidence)
        found.append(Verdict(name, planted.truth, f"{name.title()}: {sentence}", holds))
    return found


def _expected_ranks(key: Key, standings: Mapping[str, Standing]) -> Mapping[str, Mapping[str, int]]:
    """Return every platform's true ranks among those of which the board gives a share."""
    told = {name: planted.told_clocks for name, planted in key.platforms.items()}
    shown = [name for name in told if name in standings and standings[name].acted_rank is not None]
    published = ranks({name: clocks[ACTION].closed_only_median_seconds for name, clocks in told.items()})
    acted = ranks({name: -(told[name][ACTION].share_within_24h or 0.0) for name in shown})
    decided = ranks({name: -(told[name][DECISION].share_within_24h or 0.0) for name in shown})
    by_word = {"published": published, "acted": acted, "decided": decided}
    return {name: {word: places[name] for word, places in by_word.items() if name in places} for name in told}


def ordinal(rank: int | None) -> str:
    """Return a rank as a word: 1st, 2nd, 3rd, 4th; "unranked" for none."""
    if rank is None:
        return "unranked"
    ending = "th" if rank % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"


def _acknowledges_only(seen: Evidence) -> tuple[str, bool]:
    now = seen.standing
    sentence = (
        f"{ordinal(now.published_rank)} by published median, {ordinal(now.acted_rank)} when its {now.open:,} "
        f"unanswered reports count: {_percent(now.acted.value)} acted on within 24 h."
    )
    falls = (now.acted_rank or 0) - (now.published_rank or 0) >= _FALL
    unanswered = now.open >= seen.planted.told_unanswered * (1 - _NEAR)
    return sentence, falls and unanswered and _as_expected(seen) and _true(seen, ACTION)


def _auto_rejects(seen: Evidence) -> tuple[str, bool]:
    now = seen.standing
    sentence = (
        f"{ordinal(now.decided_rank)} by decisions within 24 h ({_percent(now.decided.value)}), "
        f"{ordinal(now.acted_rank)} by action ({_percent(now.acted.value)}): it rejects nearly everything at once."
    )
    falls = (now.acted_rank or 0) - (now.decided_rank or 0) >= _FALL
    return sentence, falls and _as_expected(seen) and _true(seen, ACTION) and _true(seen, DECISION)


def _publishes_on_close(seen: Evidence) -> tuple[str, bool]:
    now = seen.standing
    sentence = (
        f"prints a median of {_printed(now.published)} and is not measurable, because it tells of a report only when "
        "it has closed it."
    )
    if now.measurable:
        sentence = f"{_percent(now.acted.value)} acted on within 24 h, as if it told of reports when they are filed."
    return sentence, not now.measurable and now.acted.value is None and now.published is not None


def _nightly_batches(seen: Evidence) -> tuple[str, bool]:
    now = seen.standing
    age = _age(seen)
    sentence = (
        f"tells everything once a night; its figures are complete to {_ago(age)} and hold: "
        f"{_percent(now.acted.value)} acted on within 24 h."
    )
    nightly = age is not None and age <= (DAY + HOUR) / SECOND
    return sentence, nightly and now.measurable and _true(seen, ACTION)


def _silent(seen: Evidence) -> tuple[str, bool]:
    now = seen.standing
    if now.complete_through is None or seen.planted.since is None:
        return "has never said that it was complete.", False
    sentence = (
        f"silent since {_date(now.complete_through)}, {_ago(_age(seen))}: its figures stand still there, "
        f"with {now.open:,} reports open."
    )
    late = instant_ms(seen.planted.since) / SECOND - now.complete_through
    return sentence, 0 <= late <= DAY / SECOND and _true(seen, ACTION)


def _changed(seen: Evidence, word: str, sign: int) -> tuple[str, bool]:
    sides = seen.sides
    if sides is None or sides.before is None or sides.after is None or seen.planted.since is None:
        return "no share can be given before and after.", False
    sentence = (
        f"{word} since {_date(instant_ms(seen.planted.since) / SECOND)}: {_percent(sides.before)} acted on within 24 h "
        f"before, {_percent(sides.after)} after."
    )
    moved = sign * (sides.after - sides.before) >= _STEP
    return sentence, moved and _of_side(seen.planted.before, sides.before) and _of_side(seen.planted.after, sides.after)


def _faster(seen: Evidence) -> tuple[str, bool]:
    return _changed(seen, "faster", 1)


def _slower(seen: Evidence) -> tuple[str, bool]:
    return _changed(seen, "slower", -1)


def _steady(seen: Evidence) -> tuple[str, bool]:
    now, sides = seen.standing, seen.sides
    if sides is None or sides.before is None or sides.after is None:
        return "no share can be given of both halves.", False
    sentence = (
        f"steady, {_percent(sides.before)} acted on within 24 h in the first half and {_percent(sides.after)} in the "
        f"second; {ordinal(now.published_rank)} by published median, {ordinal(now.acted_rank)} when open reports count."
    )
    return sentence, abs(sides.after - sides.before) < _STEP and _as_expected(seen) and _true(seen, ACTION)


_JUDGES: Final[Mapping[str, Callable[[Evidence], tuple[str, bool]]]] = {
    "acknowledges_only": _acknowledges_only,
    "auto_rejects": _auto_rejects,
    "publishes_on_close": _publishes_on_close,
    "nightly_batches": _nightly_batches,
    "silent": _silent,
    "faster": _faster,
    "slower": _slower,
    "steady": _steady,
}


def _as_expected(seen: Evidence) -> bool:
    """Return whether the ranks are those of the key, give or take one: neighbours may be a hair apart."""
    now = seen.standing
    shown = {"published": now.published_rank, "acted": now.acted_rank, "decided": now.decided_rank}
    return all(rank is not None and abs(rank - seen.expected.get(word, 0)) <= 1 for word, rank in shown.items())


def _true(seen: Evidence, clock: str) -> bool:
    """Return whether the share of a clock is that of the key."""
    share = (seen.standing.acted if clock == ACTION else seen.standing.decided).value
    return _near(share, seen.planted.told_clocks[clock].share_within_24h)


def _of_side(side: Side | None, share: float) -> bool:
    return side is not None and _near(share, side.clocks[ACTION].share_within_24h)


def _near(share: float | None, true: float | None) -> bool:
    return share is not None and true is not None and abs(share - true) <= _NEAR


def _age(seen: Evidence) -> float | None:
    """Return how many seconds before the figures' time the platform's own word ends."""
    through = seen.standing.complete_through
    return None if through is None else seen.as_of / SECOND - through


def _ago(seconds: float | None) -> str:
    return "an unknown time ago" if seconds is None else f"{format_duration(seconds)} ago"


def _percent(share: float | None) -> str:
    return "an unknown share" if share is None else f"{share:.0%}"


def _printed(seconds: float | None) -> str:
    return "nothing" if seconds is None else format_duration(seconds)


def _date(seconds: float) -> str:
    return format_timestamp(round(seconds * SECOND))[:10]
