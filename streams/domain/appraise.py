"""From a row to what it says: which entries stand, what they mean, how the report measures."""

from typing import Final, NamedTuple

from streams.domain.clocks import Clock
from streams.domain.course import Plan, compile_plan
from streams.domain.desk import Desk
from streams.domain.grid import SECOND
from streams.domain.measure import Context, Measured, measure
from streams.domain.report import AMENDMENT, FILING, FIRST_DEED, TEST_FILING, Entry, Row, is_plain, read

_PLANS_KEPT: Final = 100_000


class Appraisal(NamedTuple):
    """What a row says: the measured report (None when nothing is filed) and its remarks.

    `waiting` is true for a report whose actions wait for their filing. The numbers count entries.
    """

    measured: Measured | None
    waiting: bool = False
    tests: int = 0
    conflicts: int = 0
    bad_times: int = 0
    skewed: int = 0


NOTHING: Final = Appraisal(None)


class Appraiser:
    """Reads rows under a set of clocks; remembers what sequences of deeds mean."""

    def __init__(self, clocks: tuple[Clock, ...]) -> None:
        self._clocks = clocks
        self._plans: dict[tuple[int, ...], Plan | None] = {}

    def appraise(self, desk: Desk, row: Row, horizon: int) -> Appraisal:
        """Return what `row` says when deadlines are decided up to `horizon`."""
        allowance, entries = row
        codes = tuple([entry.code for entry in entries])
        plan = self.plan_of(codes)
        if plan is None or not is_plain(entries):
            return self._at_length(desk, row, horizon)
        filed = entries[0]
        context = Context(desk.name, desk.clocks(filed.labels), allowance * SECOND, horizon)
        return Appraisal(measure(context, plan, filed, [entry for entry in entries if entry.code >= FIRST_DEED]))

    def plan_of(self, codes: tuple[int, ...]) -> Plan | None:
        """Return the plan of a plain row (its filing, then actions and amendments), None for any other."""
        if codes in self._plans:
            return self._plans[codes]
        plain = codes[0] == FILING and all(code >= FIRST_DEED or code == AMENDMENT for code in codes[1:])
        if len(self._plans) >= _PLANS_KEPT:
            self._plans.clear()
        self._plans[codes] = self._plan(tuple(code for code in codes if code >= FIRST_DEED)) if plain else None
        return self._plans[codes]

    def _plan(self, codes: tuple[int, ...], items: int = 1, decided: tuple[int, ...] = ()) -> Plan:
        return compile_plan(self._clocks, tuple(code - FIRST_DEED for code in codes), items, decided)

    def _at_length(self, desk: Desk, row: Row, horizon: int) -> Appraisal:
        allowance, entries = row
        reading = read(entries)
        filed, deeds = reading.filing, reading.deeds
        if filed is None or filed.code == TEST_FILING:
            return Appraisal(None, reading.waiting, int(filed is not None), reading.conflicts, reading.bad_times)
        plan = self._plan(_codes(deeds), filed.number, tuple(deed.number for deed in deeds))
        context = Context(desk.name, desk.clocks(filed.labels), allowance * SECOND, horizon)
        measured = measure(context, plan, filed, deeds)
        return Appraisal(measured, conflicts=reading.conflicts, bad_times=reading.bad_times, skewed=reading.skewed)


def _codes(deeds: list[Entry]) -> tuple[int, ...]:
    return tuple(deed.code for deed in deeds)
