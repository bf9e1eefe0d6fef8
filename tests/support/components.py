"""Real components that a test needs: where one is missing the test is skipped, or fails if it must be there.

SAFECLOCK_REQUIRE names, with spaces between them, the components that must be there: `apache-kafka`,
`embedded-broker`, `prometheus` (with promtool), `alertmanager` (amtool), `root` (mounts and networks of a test's own).
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NoReturn, TypeVar

import pytest

T = TypeVar("T")

REQUIRE_VARIABLE: Final = "SAFECLOCK_REQUIRE"
COMPONENTS: Final = frozenset({"apache-kafka", "embedded-broker", "prometheus", "alertmanager", "faketime", "root"})

_PROGRAMS: Final = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "alertmanager",
    "amtool": "alertmanager",
}
_PACKAGES: Final = {"prometheus": "prometheus", "alertmanager": "prometheus-alertmanager"}


def require_component(component: str, reason: str) -> NoReturn:
    """Skip the running test with a sentence; fail it where `component` is required.

    Raises ValueError for a component that nobody could require, or for a requirement that nobody knows.
    """
    required = frozenset(os.environ.get(REQUIRE_VARIABLE, "").split())
    unknown = sorted((required | {component}) - COMPONENTS)
    if unknown:
        raise ValueError(
            f"{REQUIRE_VARIABLE}: expected some of {', '.join(sorted(COMPONENTS))}, got {', '.join(unknown)}"
        )
    if component in required:
        pytest.fail(f"{component} is required here: {reason}")
    pytest.skip(reason)


@contextmanager
def component_or_skip(
    component: str, resource: AbstractContextManager[T], missing_error: type[Exception]
) -> Iterator[T]:
    """Give the block a real component; skip the test if the component cannot be had, or fail where it is required."""
    try:
        with resource as running:
            yield running
    except missing_error as reason:
        require_component(component, str(reason))


def program_path(name: str) -> str:
    """Return the path of a program that belongs to a component; without it the test is `missing` the component."""
    component = _PROGRAMS[name]
    found = shutil.which(name)
    if found is None:
        require_component(component, f"{name} is not installed (Debian: apt-get install {_PACKAGES[component]})")
    return found
