# ruff: noqa: INP001 - a script for the image's build, outside the package
"""Print the part of the lock file that a running Safeclock needs, hashes included: `runtime_lock.py LOCK`.

The lock names who asked for each package; what only the development groups asked for stays out of the image.
"""

import re
import sys
from pathlib import Path

_ROOT = "safeclock (pyproject.toml)"


def blocks(lock: str) -> dict[str, tuple[str, set[str]]]:
    """Return every requirement with its hashes, and who asked for it, by the name of the package."""
    found = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        name = re.match(r"[A-Za-z0-9._-]+", block)
        if name is not None:
            asked = re.findall(r"^ +# +(?:via )?(\S.*)$", block, re.MULTILINE)
            found[name[0]] = (block.rstrip(), {who for who in asked if who != "via"})
    return found


def runtime(lock: str) -> str:
    """Return the requirements that the project or another of them asked for; ValueError where there are none."""
    every = blocks(lock)
    needed: set[str] = {_ROOT}
    while grown := {name for name, (_, asked) in every.items() if asked & needed} - needed:
        needed |= grown
    if needed == {_ROOT}:
        raise ValueError(f"expected a lock file with requirements of {_ROOT}, found none")
    return "\n".join(every[name][0] for name in sorted(needed - {_ROOT})) + "\n"


if __name__ == "__main__":
    sys.stdout.write(runtime(Path(sys.argv[1]).read_text(encoding="utf-8")))
