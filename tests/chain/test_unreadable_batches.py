"""Spoilt record batches among good ones, through real workers: they cost their own records and nothing else."""

from pathlib import Path

import pytest

from tests.chain.attack import check, compare

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("broker", ["apache_kafka", pytest.param("embedded_broker", marks=pytest.mark.slow)])
def test_spoilt_batches_change_nothing_of_what_is_counted(
    request: pytest.FixtureRequest, tmp_path: Path, broker: str
) -> None:
    told, attacked, alone = compare(request.getfixturevalue(broker), tmp_path, seed=5, spoilt=600, reports=30)

    check(told, attacked, alone)
    assert told.unreadable
    assert told.records
