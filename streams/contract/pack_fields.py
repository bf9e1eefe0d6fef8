"""How the fields of a rule pack are read."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from streams.contract.tables import Field, Table, duration_ms, matching, tables, text, words
from streams.domain.clocks import FINAL_RESTRICTIONS, PARTIAL_RESTRICTIONS
from streams.domain.events import DEEDS, Deed
from streams.domain.grid import DAY, HOUR, MINUTE, SECOND, edge_index
from streams.domain.vocabulary import Outcome, Reversal


def _by_word() -> Mapping[str, frozenset[Deed]]:
    """Return the deeds by the words of a pack: an outcome, or one of its kinds."""
    named = {"final_restriction": FINAL_RESTRICTIONS, "partial_restriction": PARTIAL_RESTRICTIONS}
    for outcome in Outcome:
        named[outcome.value] = frozenset(deed for deed in DEEDS if deed.outcome is outcome)
    for reversal in Reversal:
        named[f"reversed_{reversal.value}"] = frozenset({Deed(Outcome.REVERSED, of=reversal)})
    return named


_UNITS: Final = ((2 * HOUR, MINUTE), (14 * DAY, HOUR))
"""Up to which limit which unit is whole; beyond, days are."""

DEED_WORDS: Final = _by_word()


def words_of(deeds: frozenset[Deed]) -> list[str]:
    """Return deeds by the words of a pack."""
    words, left = [], deeds
    for word, meant in DEED_WORDS.items():
        if meant <= left:
            words.append(word)
            left -= meant
    return words


def midnight(day: date) -> int:
    """Return the first instant of a day, UTC, in epoch milliseconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND


def _limit_ms(value: str) -> int:
    limit = duration_ms(value)
    # Between whole minutes, hours and days the grid has edges, too: they are no limits that anybody would write.
    if limit % next((unit for longest, unit in _UNITS if limit <= longest), DAY):
        raise ValueError
    edge_index(limit)
    return limit


def _share(value: float) -> float:
    if type(value) is not float or not 0 < value < 1:
        raise ValueError
    return value


def _day(value: object) -> date:
    if type(value) is not date:
        raise TypeError
    return value


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise TypeError
    return value


def one_of(allowed: type[StrEnum], default: str) -> Field[str]:
    """Return a field that takes one of some words."""
    return Field(f"one of {', '.join(allowed)}", lambda value: str(allowed(value)), default)


def list_of(allowed: set[str], *, required: bool = False) -> Field[list[str]]:
    """Return a field that takes some of some words."""
    expected = f"a list of distinct words, of {', '.join(sorted(allowed))}"
    return Field(expected, lambda value: words(value, allowed), [], required=required)


DEED_LIST: Final = list_of(set(DEED_WORDS))
STOPS: Final = list_of(set(DEED_WORDS), required=True)
START: Final = Field[list[str]](
    f'"filing", or {DEED_LIST.expected}', lambda value: [] if value == "filing" else DEED_LIST.read(value), []
)
ID: Final = Field(
    "a lower-case letter, then up to 47 of a-z, 0-9 and _", matching(r"[a-z][a-z0-9_]{0,47}"), "", required=True
)
VERSION: Final = Field("up to 16 of letters, digits, . and -", matching(r"[A-Za-z0-9.-]{1,16}"), "", required=True)
TABLES: Final = Field[list[Table]]("at least one [[clocks]] table", tables, [], required=True)
TITLE: Final = Field("a title of one line", text, "", required=True)
BASIS: Final = Field("what the clock rests on, in one line", text, "", required=True)
SOURCE: Final = Field("where its reading comes from, in one line", text, "", required=True)
LINK: Final = Field("an https address", matching(r"https://[^\s]{4,300}"), "")
REVIEWER: Final = Field("the name of who reviewed it", text, "")
DATE: Final = Field[date | None]("a day such as 2026-05-19", _day, None)
FLAG: Final = Field[bool | None]("true or false", _flag, None)
ITEMS: Final = Field("all or first", matching("all|first"), "all")
LIMIT: Final = Field[int | None](
    "a duration on the grid (whole minutes to 2 h, hours to 14 d, days to 400 d), such as 30m, 48h or 7d",
    _limit_ms,
    None,
)
OBJECTIVE: Final = Field[float | None]("a number above 0 and below 1, such as 0.85", _share, None)
