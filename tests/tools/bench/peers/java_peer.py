"""The peer in Java: built by Maven, run with what the join needs to know."""

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from streams.domain.duration_bins import DAY
from streams.domain.ledger.counters import DURATION_BUCKETS
from tests.support.simulation.reference_join import bucket_of
from tests.tools.bench.peers.session_timeout import SESSION_SECONDS

_PROJECT: Final = Path(__file__).parent / "kafka_streams"
_TARGET: Final = _PROJECT / "target"


def missing_requirement() -> str:
    """Return what is not here to build and run it."""
    absent = [program for program in ("java", "mvn") if shutil.which(program) is None]
    return f"expected {' and '.join(absent)} on the path, found none" if absent else ""


@cache
def _build_jar() -> str:
    """Build it, and return its class path; raises RuntimeError when Maven fails."""
    goals = [
        "package",
        "dependency:copy-dependencies",
        f"-DoutputDirectory={_TARGET / 'lib'}",
        "-DincludeScope=runtime",
    ]
    done = subprocess.run(["mvn", "-q", "-B", *goals], cwd=_PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Maven could not build the Kafka Streams peer:\n{done.stdout[-2000:]}")
    return f"{_TARGET / 'classes'}:{_TARGET / 'lib'}/*"


def command(bootstrap: str, application: str, folder: Path, topics: Sequence[str]) -> list[str]:
    """Return the command that runs it."""
    session = str(int(SESSION_SECONDS * 1000))
    buckets = ",".join(map(str, DURATION_BUCKETS))
    arguments = [bootstrap, application, str(folder), session, buckets, str(bucket_of(DAY)), ",".join(topics)]
    warn = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return ["java", warn, "-cp", _build_jar(), "safeclock.bench.Peer", *arguments]
