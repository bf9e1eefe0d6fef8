"""A chain whose platform has topics of its own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.system.status.platform_chain import OwnTopicsChain


@pytest.fixture
def chain(apache_kafka: str, tmp_path: Path) -> Iterator[OwnTopicsChain]:
    """Workers on topics of harbor's own, which exist."""
    with closing(OwnTopicsChain(apache_kafka, tmp_path, partitions=2)) as made:
        made.create_topics()
        yield made
