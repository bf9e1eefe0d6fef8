"""One platform has published far more than a worker takes in at once: its lag is its own."""

from pathlib import Path

import pytest

from tests.bench.scale.flood import overtaken
from tests.brokers.apache import ApacheKafka

pytestmark = [pytest.mark.integration, pytest.mark.slow]

BACKLOG = 200_000


def test_a_platforms_backlog_keeps_nobody_elses_reports_waiting(
    apache_kafka_server: ApacheKafka, tmp_path: Path
) -> None:
    left = overtaken(apache_kafka_server.bootstrap, tmp_path, BACKLOG)

    assert left > BACKLOG // 2
