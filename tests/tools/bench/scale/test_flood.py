"""One platform has published far more than a worker takes in at once: its lag is its own."""

from pathlib import Path

import pytest

from tests.support.broker.apache import ApacheKafka
from tests.tools.bench.scale.flood import flooded, overtaken

pytestmark = pytest.mark.slow

BACKLOG = 400_000


def test_a_platforms_backlog_keeps_nobody_elses_reports_waiting(
    apache_kafka_server: ApacheKafka, tmp_path: Path
) -> None:
    left = overtaken(apache_kafka_server.bootstrap, tmp_path, BACKLOG)

    assert left > BACKLOG // 2


def test_a_platforms_backlog_slows_nobody_else_down_many_times(
    apache_kafka_server: ApacheKafka, tmp_path: Path
) -> None:
    found = flooded(apache_kafka_server.bootstrap, tmp_path, BACKLOG, seconds=4.0)

    assert found.left > 0
    assert found.beside.median < 8 * found.alone.median  # twice on a quiet machine; 20 to 36 times without turns
