"""After each test, what Kafka clients left open when a broker failed is collected."""

import gc
import warnings


def pytest_runtest_logfinish() -> None:
    """Collect unclosed sockets of Kafka clients; captured log records refer to them until a test is over."""
    with warnings.catch_warnings(action="ignore"):
        gc.collect()
