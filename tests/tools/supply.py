"""What we take from others: pinned by hash, under licences that were looked at. `python -m tests.tools.supply` says what is not.

It asks no network. Known weaknesses are asked for by `make audit`, where an advisory database can be reached.
"""

import re
import runpy
import sys
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from typing import Final

from tests.support.paths import ROOT

LOCK: Final = ROOT / "requirements.lock"
# Licences under which a package may be part of what we ship: permissive ones, each named by at least one package.
ALLOWED_LICENCES: Final = frozenset(
    {
        "Apache-2.0",
        "Apache Software License",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSD License",
        "MIT",
        "MIT License",
        "PSF-2.0",
        "Python Software Foundation License",
        "Repoze Public License",
    }
)


def unpinned_requirements(lock: str) -> Iterator[str]:
    """Yield what is wrong with each requirement of a lock file that is not one version with a SHA-256."""
    for block in re.split(r"\n(?=[^\s#])", lock.strip()):
        if not re.match(r"[A-Za-z0-9._-]+==[^\s*]+(?: *;[^\\\n]*)? *\\\n", block) or "--hash=sha256:" not in block:
            name = re.split(r"[^A-Za-z0-9._-]", block)[0]
            yield f"{name}: expected one version with its hashes in requirements.lock"


def licences_of(package: PackageMetadata) -> frozenset[str]:
    """Return the licences that a package names, in its words: its expression, else its classifiers, else its field."""
    if "License-Expression" in package:
        return frozenset(re.split(r" (?:AND|OR) ", re.sub("[()]", "", package["License-Expression"])))
    lines = [line for line in package.get_all("Classifier") or () if line.startswith("License :: ")]
    named = [line.rpartition(" :: ")[2] for line in lines]
    return frozenset(named or package.get_all("License") or ["none"])


def disallowed_licences(names: Iterator[str]) -> Iterator[str]:
    """Yield the packages under a licence that is not among those allowed; what another system needs is passed over."""
    for name in names:
        try:
            found = licences_of(metadata(name))
        except PackageNotFoundError:
            continue
        if strange := sorted(found - ALLOWED_LICENCES):
            yield f"{name}: expected a licence that tests/tools/supply.py allows, found {', '.join(strange)}"


def supply_problems(lock: str) -> list[str]:
    """Return what is wrong, a line each."""
    runtime = runpy.run_path(str(ROOT / "deploy/runtime_lock.py"))["runtime"](lock)
    return [
        *unpinned_requirements(lock),
        *disallowed_licences(iter(re.findall(r"^([A-Za-z0-9._-]+)==", runtime, re.MULTILINE))),
    ]


if __name__ == "__main__" and (found := supply_problems(LOCK.read_text(encoding="utf-8"))):
    sys.exit("\n".join(found))
