"""A file system that is soon full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MEGABYTES: Final = 48
"""How large a small disk is: room for a node and some minutes of a chain."""


class DiskUnavailableError(Exception):
    """No file system can be mounted here: the message says what is missing."""


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system in memory."""

    path: Path

    def resize(self, megabytes: int) -> None:
        """Make it larger or smaller; what is on it stays."""
        _run_command("mount", "-o", f"remount,size={megabytes}m", str(self.path))


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a file system of a size at an empty folder for the block; what was written to it is gone afterwards.

    Raises DiskUnavailableError without root, or where the system allows no mount.
    """
    if os.geteuid() != 0:
        raise DiskUnavailableError("expected root to mount a file system")
    _run_command("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "safeclock-tests", str(path))
    try:
        yield SmallDisk(path)
    finally:
        _run_command("umount", "--lazy", str(path))


def _run_command(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DiskUnavailableError(f"{' '.join(command)}: {done.stderr.strip()}")
