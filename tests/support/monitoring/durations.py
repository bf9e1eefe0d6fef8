"""Prometheus' durations."""

import re
from typing import Final

_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds(duration: str) -> float:
    """Return a duration such as `90s` or `2h` in seconds; ValueError for anything else."""
    found = re.fullmatch(r"(\d+)(ms|[smhdw])", duration)
    if found is None:
        raise ValueError(f"expected a number and a unit, got {duration!r}")
    return int(found[1]) * _SECONDS[found[2]]
