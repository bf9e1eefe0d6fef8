"""What the tests of single processes share."""

import socket
from collections.abc import Iterator

import pytest

from tests.support.broker.ports import LOOPBACK


@pytest.fixture
def silent_address() -> Iterator[str]:
    """An address that takes connections and never answers, like a broker that hangs."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield f"{LOOPBACK}:{listener.getsockname()[1]}"
