"""Apache Kafka's jars: fetched once by Maven, run with Java."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from subprocess import run
from typing import Final

from tests.support.paths import ROOT

_FOLDER: Final = Path(__file__).parent
_CACHE: Final = ROOT / ".cache" / "kafka"
_POM: Final = _FOLDER / "pom.xml"


class BrokerUnavailableError(Exception):
    """A broker cannot run here: the message says what is missing."""


def jars_folder() -> Path:
    """Return where the jars are once they were fetched."""
    return _CACHE / hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]


def fetch_jars() -> Path:
    """Return the folder of the broker's jars, fetching them with Maven the first time.

    Raises BrokerUnavailableError when Maven is missing or could not fetch them.
    """
    wanted = jars_folder()
    if wanted.is_dir():
        return wanted
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailableError("expected Maven (mvn) on the path to fetch Apache Kafka's jars, found none")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        # Three brokers that start at once must not fetch three times, and one folder cannot take another's place.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.is_dir():
            _download(maven, wanted)
    return wanted


def _download(maven: str, wanted: Path) -> None:
    with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
        lib = Path(scratch) / "lib"
        command = [maven, "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies", f"-DoutputDirectory={lib}"]
        fetched = run(command, capture_output=True, text=True, check=False)
        if fetched.returncode != 0:
            raise BrokerUnavailableError(f"Maven could not fetch Apache Kafka's jars:\n{fetched.stdout[-2000:]}")
        lib.rename(wanted)


def java_command(java_options: Sequence[str], main: str, *arguments: str) -> list[str]:
    """Return the command that runs a class of the jars; `machine` are options of the Java machine.

    Raises BrokerUnavailableError when Java or the jars cannot be had.
    """
    java = shutil.which("java")
    if java is None:
        raise BrokerUnavailableError("expected Java 17 or later on the path to run Apache Kafka, found none")
    logging = f"-Dlog4j2.configurationFile={_FOLDER / 'log4j2.properties'}"
    return [java, *java_options, "-cp", f"{fetch_jars()}/*", logging, main, *arguments]


def java_environment() -> dict[str, str]:
    """Return the environment that the command is run in."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}
