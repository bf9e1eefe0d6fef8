"""Names of counters can be taken apart again."""

import pytest

from streams.domain.clocks.deadlines import MISSED
from streams.domain.ledger import counters
from streams.domain.ledger.counters import CounterName
from streams.domain.vocabulary import RefusalReason


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (counters.FILED, ("filed",)),
        (counters.refused(RefusalReason.TOO_OLD), ("refused", "too_old")),
        (counters.stopped("time_to_action@1", 0), ("stopped", "time_to_action@1", "0")),
        (counters.stopped_ms("time_to_action@1"), ("stopped_ms", "time_to_action@1")),
        (
            counters.deadline("time_to_action@1", MISSED, was_logged_late=False),
            ("deadline", "time_to_action@1", "missed", "live"),
        ),
    ],
)
def test_a_name_has_the_parts_that_it_was_made_of(name: str, parts: tuple[str, ...]) -> None:
    kind, *details = parts

    assert counters.parse(name) == CounterName(kind, tuple(details), is_corrected=False)
    assert counters.parse(counters.corrected(name)) == CounterName(kind, tuple(details), is_corrected=True)


def test_corrected_stops_and_sums_of_durations_are_no_stops() -> None:
    stops, sums = counters.stopped("time_to_action@1", 0), counters.stopped_ms("time_to_action@1")

    found = counters.counted({stops: 5, counters.corrected(stops): 2, sums: 7}, counters.STOPPED)

    assert found == {("time_to_action@1", "0"): 5}
