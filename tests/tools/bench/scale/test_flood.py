"""One platform has published far more than a worker takes in at once: its lag is its own."""

from pathlib import Path

import pytest

from tests.support.broker.apache import ApacheKafka
from tests.tools.bench.scale.flood import measure_overtaking, measure_wait_during_flood

pytestmark = pytest.mark.slow

BACKLOG = 400_000


def test_a_platforms_backlog_keeps_nobody_elses_reports_waiting(
    stoppable_apache_kafka: ApacheKafka, tmp_path: Path
) -> None:
    left = measure_overtaking(stoppable_apache_kafka.bootstrap, tmp_path, BACKLOG)

    assert left > BACKLOG // 2


def test_a_platforms_backlog_slows_nobody_else_down_many_times(
    stoppable_apache_kafka: ApacheKafka, tmp_path: Path
) -> None:
    found = measure_wait_during_flood(stoppable_apache_kafka.bootstrap, tmp_path, BACKLOG, seconds=4.0)

    assert found.flood_backlog > 0
    assert (
        found.during_flood.median < 8 * found.without_flood.median
    )  # twice on a quiet machine; 20 to 36 times without turns
