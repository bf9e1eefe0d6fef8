"""Parse the fields of a rule pack."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from streams.contract.toml_reader import Field, Table, distinct_words, duration_ms, one_line_text, tables, text_matching
from streams.domain.clocks.definition import FINAL_RESTRICTION_ACTIONS, PARTIAL_RESTRICTION_ACTIONS
from streams.domain.duration_bins import DAY, HOUR, MINUTE, SECOND, edge_index
from streams.domain.events import ACTION_KINDS, ActionKind
from streams.domain.vocabulary import Outcome, Reversal


def _kinds_by_word() -> Mapping[str, frozenset[ActionKind]]:
    """Return the action kinds for each word of a pack: an outcome, or one kind of an outcome."""
    kinds_by_word = {"final_restriction": FINAL_RESTRICTION_ACTIONS, "partial_restriction": PARTIAL_RESTRICTION_ACTIONS}
    for outcome in Outcome:
        kinds_by_word[outcome.value] = frozenset(kind for kind in ACTION_KINDS if kind.outcome is outcome)
    for reversal in Reversal:
        kinds_by_word[f"reversed_{reversal.value}"] = frozenset(
            {ActionKind(Outcome.REVERSED, reversed_decision=reversal)}
        )
    return kinds_by_word


_LIMIT_UNITS: Final = ((2 * HOUR, MINUTE), (14 * DAY, HOUR))
"""Longest limits, each with the unit of which shorter limits are a multiple; longer limits are whole days."""

ACTION_WORDS: Final = _kinds_by_word()


def action_words(action_kinds: frozenset[ActionKind]) -> list[str]:
    """Return the words of a pack for action kinds."""
    words, remaining = [], action_kinds
    for word, kinds in ACTION_WORDS.items():
        if kinds <= remaining:
            words.append(word)
            remaining -= kinds
    return words


def day_start_ms(day: date) -> int:
    """Return the first instant of a day, UTC, in epoch milliseconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND


def _parse_limit(value: str) -> int:
    limit = duration_ms(value)
    # The duration bins also have edges between whole minutes, hours and days, which are no sensible limits.
    if limit % next((unit for longest, unit in _LIMIT_UNITS if limit <= longest), DAY):
        raise ValueError
    edge_index(limit)
    return limit


def _parse_share(value: float) -> float:
    if type(value) is not float or not 0 < value < 1:
        raise ValueError
    return value


def _parse_day(value: object) -> date:
    if type(value) is not date:
        raise TypeError
    return value


def _parse_flag(value: object) -> bool:
    if type(value) is not bool:
        raise TypeError
    return value


def choice_field(allowed: type[StrEnum], default: str) -> Field[str]:
    """Return a field that holds one of `allowed`."""
    return Field(f"one of {', '.join(allowed)}", lambda value: str(allowed(value)), default)


def list_field(allowed: set[str], *, required: bool = False) -> Field[list[str]]:
    """Return a field that holds a list of distinct words of `allowed`."""
    expected = f"a list of distinct words, of {', '.join(sorted(allowed))}"
    return Field(expected, lambda value: distinct_words(value, allowed), [], is_required=required)


ACTION_LIST: Final = list_field(set(ACTION_WORDS))
STOPS: Final = list_field(set(ACTION_WORDS), required=True)
START: Final = Field[list[str]](
    f'"filing", or {ACTION_LIST.expected}', lambda value: [] if value == "filing" else ACTION_LIST.parse(value), []
)
ID: Final = Field(
    "a lower-case letter, then up to 47 of a-z, 0-9 and _", text_matching(r"[a-z][a-z0-9_]{0,47}"), "", is_required=True
)
VERSION: Final = Field(
    "up to 16 of letters, digits, . and -", text_matching(r"[A-Za-z0-9.-]{1,16}"), "", is_required=True
)
TABLES: Final = Field[list[Table]]("at least one [[clocks]] table", tables, [], is_required=True)
TITLE: Final = Field("a title of one line", one_line_text, "", is_required=True)
BASIS: Final = Field("the legal basis of the clock, in one line", one_line_text, "", is_required=True)
SOURCE: Final = Field("the source of the interpretation, in one line", one_line_text, "", is_required=True)
LINK: Final = Field("an https address", text_matching(r"https://[^\s]{4,300}"), "")
REVIEWER: Final = Field("the name of the reviewer", one_line_text, "")
DATE: Final = Field[date | None]("a day such as 2026-05-19", _parse_day, None)
FLAG: Final = Field[bool | None]("true or false", _parse_flag, None)
ITEMS: Final = Field("all or first", text_matching("all|first"), "all")
LIMIT: Final = Field[int | None](
    "a duration in whole minutes up to 2 h, whole hours up to 14 d, or whole days up to 400 d, such as 30m, 48h or 7d",
    _parse_limit,
    None,
)
OBJECTIVE: Final = Field[float | None]("a number above 0 and below 1, such as 0.85", _parse_share, None)
