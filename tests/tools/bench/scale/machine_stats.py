"""What is read of the machine and of processes while something is measured."""

import os
import platform
from pathlib import Path
from typing import Final, NamedTuple

MEBIBYTE: Final = 1 << 20
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Measurement(NamedTuple):
    """One measured thing, in words, with the load average of the machine (one minute) when it was over."""

    name: str
    value: str
    load: float


def measurement(what: str, value: str) -> Measurement:
    """Return a figure with the load of now."""
    return Measurement(what, value, os.getloadavg()[0])


def describe_machine() -> str:
    """Return what the machine is."""
    memory = os.sysconf("SC_PHYS_PAGES") * _PAGE >> 30
    return (
        f"{platform.machine()}, {os.cpu_count()} processors, {memory} GiB of memory, Python {platform.python_version()}"
    )


def resident_bytes(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def format_mebibytes(size: float) -> str:
    """Return a size in words."""
    return f"{size / MEBIBYTE:,.0f} MiB"


def log_bytes(log: Path, topic: str) -> int:
    """Return the bytes of all log segments of a topic in a broker's folder."""
    return sum(_size(file) for folder in log.glob(f"{topic}-[0-9]*") for file in folder.glob("*.log"))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # compacted away meanwhile
        return 0
