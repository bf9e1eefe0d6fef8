"""Apache Kafka for tests: one KRaft node from the broker's own jars, on loopback, in a temporary directory."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_CACHE: Final = _HERE.parents[1] / ".cache" / "kafka"
_POM: Final = _HERE / "pom.xml"
_CLUSTER: Final = "c2FmZWNsb2NrLXRlc3RzLQ"  # any 16 bytes in base64
_START_SECONDS: Final = 60.0
_HEAP: Final = ("-Xms256m", "-Xmx768m", "-XX:+UseSerialGC")


class BrokerUnavailableError(Exception):
    """Apache Kafka cannot run here: the message says what is missing."""


def jars() -> Path:
    """Return the folder of the broker's jars, fetching them with Maven the first time.

    Raises BrokerUnavailableError when Java or Maven is missing, or when the jars cannot be fetched.
    """
    wanted = hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    folder = _CACHE / wanted
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailableError("expected Maven (mvn) on the path to fetch Apache Kafka's jars, found none")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
        lib = Path(scratch) / "lib"
        command = [maven, "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies", f"-DoutputDirectory={lib}"]
        fetched = subprocess.run(command, capture_output=True, text=True, check=False)
        if fetched.returncode != 0:
            raise BrokerUnavailableError(f"Maven could not fetch Apache Kafka's jars:\n{fetched.stdout[-2000:]}")
        lib.rename(folder)
    return folder


def free_port() -> int:
    """Return a TCP port of loopback that nobody holds at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _properties(port: int, folder: Path, overrides: Mapping[str, str]) -> str:
    controller = free_port()
    properties = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(folder / "log"),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "num.partitions": "1",
        "offsets.topic.num.partitions": "2",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        **overrides,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise BrokerUnavailableError("expected Java 17 or later on the path to run Apache Kafka, found none")
    return java


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def _run(java: str, classpath: str, main: str, *arguments: str) -> list[str]:
    logging = f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}"
    return [java, *_HEAP, "-cp", classpath, logging, main, *arguments]


class ApacheKafka:
    """A running broker; `bootstrap` is its address. `stop` and `start` keep its data, as an outage would."""

    def __init__(self, folder: Path, overrides: Mapping[str, str]) -> None:
        self._java = _java()
        self._classpath = f"{jars()}/*"
        self._folder = folder
        self._config = folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._config.write_text(_properties(self.port, folder, overrides))
        self._format()

    def _format(self) -> None:
        command = _run(
            self._java, self._classpath, "kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(self._config)
        )
        formatted = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
        if formatted.returncode != 0:
            raise BrokerUnavailableError(f"Apache Kafka's log folder could not be formatted:\n{formatted.stderr}")

    def start(self) -> None:
        """Start the broker and return when it answers."""
        with (self._folder / "broker.log").open("ab") as output:
            command = _run(self._java, self._classpath, "kafka.Kafka", str(self._config))
            self._process = subprocess.Popen(command, stdout=output, stderr=output, env=_environment())
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self._folder / "broker.log").read_text(errors="replace")
                self.stop()
                raise BrokerUnavailableError(
                    f"Apache Kafka did not start within {_START_SECONDS:.0f} s:\n{log[-3000:]}"
                )
            time.sleep(0.1)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """Stop the broker at once; nothing that it acknowledged is lost with its process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def apache_kafka(**overrides: str) -> Iterator[ApacheKafka]:
    """Run Apache Kafka for the block; `overrides` are server properties with `_` for `.`."""
    with tempfile.TemporaryDirectory(prefix="safeclock-kafka-", ignore_cleanup_errors=True) as folder:
        named = {name.replace("_", "."): value for name, value in overrides.items()}
        broker = ApacheKafka(Path(folder), named)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


def main() -> int:
    """Run a broker in the foreground until interrupted, telling its address on the first line."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with apache_kafka() as broker:
            sys.stdout.write(f"{broker.bootstrap}\n")
            sys.stdout.flush()
            stopped.wait()
    except BrokerUnavailableError as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    return 0
