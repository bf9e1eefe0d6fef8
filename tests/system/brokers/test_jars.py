"""The jars of the broker, fetched once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.broker import jars
from tests.support.components import require_component


def test_brokers_that_start_at_once_in_a_new_clone_fetch_once_and_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "_CACHE", tmp_path / "kafka")

    with ThreadPoolExecutor(3) as starting:
        asked = [starting.submit(jars.fetch_jars) for _ in range(3)]
    try:
        found = {one.result() for one in asked}
    except jars.BrokerUnavailableError as reason:
        require_component("apache-kafka", str(reason))

    assert found == {jars.jars_folder()}
    assert list(jars.jars_folder().glob("kafka_2.13-*.jar"))
