"""Real components that a test needs: where one is missing the test is skipped, or fails if it must be there.

SAFECLOCK_REQUIRE names, with spaces between them, the components that must be there: `apache-kafka`,
`embedded-broker`, `prometheus` (with promtool), `alertmanager` (amtool), `root` (mounts and networks of a test's own).
"""

import os
import shutil
from typing import Final, NoReturn

import pytest

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


def program_path(name: str) -> str:
    """Return the path of a program that belongs to a component; without it the test is `missing` the component."""
    component = _PROGRAMS[name]
    found = shutil.which(name)
    if found is None:
        require_component(component, f"{name} is not installed (Debian: apt-get install {_PACKAGES[component]})")
    return found
