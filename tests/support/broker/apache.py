"""Apache Kafka for tests: KRaft nodes from the broker's own jars, on loopback, in a temporary directory."""

import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.broker import jars
from tests.support.broker.jars import BrokerUnavailableError
from tests.support.broker.node_settings import SINGLE_NODE_SETTINGS, SMALL_HEAP, NodeSettings, server_properties
from tests.support.broker.ports import LOOPBACK, free_port

__all__ = ["ApacheKafka", "BrokerUnavailableError", "apache_kafka", "free_port"]

_CLUSTER_ID: Final = "c2FmZWNsb2NrLXRlc3RzLQ"  # any 16 bytes in base64
_START_TIMEOUT_SECONDS: Final = 120.0


class ApacheKafka:
    """One node; `bootstrap` is its address. Whatever stops it keeps its data and its port for the next start."""

    def __init__(self, site: NodeSettings, settings: str) -> None:
        self.settings = site
        self.bootstrap = site.address
        self._output = site.folder / "broker.log"
        self._config = site.folder / "server.properties"
        self._config.write_text(settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._format()

    def _format(self) -> None:
        command = jars.java_command(
            SMALL_HEAP, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(self._config)
        )
        formatted = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=jars.java_environment(),
            timeout=_START_TIMEOUT_SECONDS,
        )
        if formatted.returncode != 0:
            raise BrokerUnavailableError(f"Apache Kafka's log folder could not be formatted:\n{formatted.stderr}")

    @property
    def running(self) -> bool:
        """Whether the node's process is there, be it paused."""
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start the node without waiting for it."""
        command = [
            *self.settings.command_prefix,
            *jars.java_command(self.settings.java_options, "kafka.Kafka", str(self._config)),
        ]
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, env=jars.java_environment())

    def wait_until_ready(self) -> None:
        """Return when the node answers; raises BrokerUnavailableError, with its last words, when it does not."""
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while not self._is_ready():
            if not self.running or time.monotonic() > deadline:
                self.kill()
                raise BrokerUnavailableError(
                    f"Apache Kafka did not start within {_START_TIMEOUT_SECONDS:.0f} s:\n{self.output()}"
                )
            time.sleep(0.1)

    def start(self) -> None:
        """Start the node and return when it answers."""
        self.launch()
        self.wait_until_ready()

    def _is_ready(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            return probe.connect_ex((self.settings.host, self.settings.port)) == 0

    def output(self) -> str:
        """Return the last of what the node wrote to its output: warnings and errors."""
        return self._output.read_text(errors="replace")[-3000:] if self._output.exists() else ""

    def stop(self) -> None:
        """Let the node end in order (SIGTERM): it hands its leaderships over and closes its files."""
        self._terminate(signal.SIGTERM)

    def kill(self) -> None:
        """End the node at once (SIGKILL); nothing that it acknowledged is lost with its process alone."""
        self._terminate(signal.SIGKILL)

    def _terminate(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)  # a paused one hears nothing else
        try:
            process.wait(_START_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def pause(self) -> None:
        """Let the node stand still (SIGSTOP): its connections stay and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused node go on (SIGCONT); nothing happens to one that is not paused."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "expected a running node"
        self._process.send_signal(number)


@contextmanager
def apache_kafka(
    log: Path | None = None, host: str = LOOPBACK, command_prefix: Sequence[str] = (), **overrides: str
) -> Iterator[ApacheKafka]:
    """Run one node for the block; `overrides` are server properties with `_` for `.`, the rest is as in `NodeSettings`."""
    with tempfile.TemporaryDirectory(prefix="safeclock-kafka-", ignore_cleanup_errors=True) as folder:
        site = NodeSettings(folder=Path(folder), log_folder=log, host=host, command_prefix=command_prefix)
        named = {name.replace("_", "."): value for name, value in overrides.items()}
        broker = ApacheKafka(site, server_properties(site, [site], {**SINGLE_NODE_SETTINGS, **named}))
        try:
            broker.start()
            yield broker
        finally:
            broker.kill()
