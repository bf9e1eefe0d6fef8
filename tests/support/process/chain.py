"""Topics of their own on a broker, real processes on them, and everything that they wrote."""

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from producers.publisher.settings import PublisherSettings
from producers.publisher.upload.request import UploadRequest, publish_blocks
from streams.contract.registry.file import read_registry
from streams.contract.topics import Replication, TopicSettings, changelog_topic, required_topics
from streams.edge.files.line_blocks import group_lines
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, Checkpoint, TopicOffset, decode_checkpoint
from streams.runtime.kafka.admin import KafkaAdmin
from streams.runtime.settings import RecordTime
from streams.runtime.topic_checks.preflight import OutputTopics
from tests.support.kafka.topic_reader import TopicRecord, read_topic
from tests.support.paths import DEMO_REGISTRY, ROOT
from tests.support.process.fast_worker import output_topics
from tests.support.process.running_process import SAFECLOCK, SafeclockProcess
from tests.support.waiting import TIMEOUT_SECONDS, wait_until

FAST_WORKER = (sys.executable, "-m", "tests.support.process.fast_worker")
FAST_BOARD = (sys.executable, "-m", "tests.support.process.fast_board")


class ChainFactory(Protocol):
    """Makes a chain on a broker, called by the name of its fixture."""

    def __call__(self, broker: str, partitions: int = 4) -> "Chain":
        """Return the chain."""


class Chain:
    """A registry with topics of its own on a broker, and the processes that were started on it.

    `own_names`: the worker writes topics that nobody else has; without it, those of the contract, as in production.
    """

    copies = Replication(factor=1, min_insync=1)
    record_time = RecordTime.CREATE

    def __init__(self, bootstrap: str, folder: Path, partitions: int = 4, *, own_names: bool = True) -> None:
        self.bootstrap = bootstrap
        self.application = f"c{uuid.uuid4().hex[:8]}"
        self.names = output_topics(self.application) if own_names else OutputTopics(changelog_topic(self.application))
        self.folder = folder
        self.registry_file = self._registry_text(partitions)
        self.registry = read_registry(self.registry_file)
        self.sources = self.registry.source_topics()
        self._worker = FAST_WORKER if own_names else (*SAFECLOCK, "worker")
        self._board = FAST_BOARD if own_names else (*SAFECLOCK, "board")
        self.processes: list[SafeclockProcess] = []

    def _registry_text(self, partitions: int) -> Path:
        text = DEMO_REGISTRY.read_text(encoding="utf-8").replace("partitions = 8", f"partitions = {partitions}")
        for topic in ("report-filed", "action-taken"):
            text = text.replace(f'"{topic}"', f'"{self.application}-{topic}"')
        file = self.folder / f"{self.application}.toml"
        file.write_text(text, encoding="utf-8")
        return file

    def environment(self, **more: str) -> dict[str, str]:
        """Return what every process of the chain is told."""
        return {
            "SAFECLOCK_BOOTSTRAP": self.bootstrap,
            "SAFECLOCK_PUBLISH_BOOTSTRAP": self.bootstrap,
            "SAFECLOCK_PUBLISH_IDEMPOTENT": "false",
            "SAFECLOCK_APPLICATION": self.application,
            "SAFECLOCK_REGISTRY": str(self.registry_file),
            "SAFECLOCK_RECORD_TIME": self.record_time,
            **more,
        }

    def run_command(self, *arguments: str) -> str:
        """Run a command of Safeclock to its end and return what it printed; AssertionError when it fails."""
        done = subprocess.run(
            [*SAFECLOCK, *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment()},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{arguments[0]} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def desired_topics(self) -> list[TopicSettings]:
        """Return every topic with its settings, under the names of this chain."""
        wanted = required_topics(self.registry, self.application, self.copies, record_time=self.record_time)
        renamed = dict(zip(OutputTopics(self.names.changelog), self.names, strict=True))
        return [replace(topic, name=renamed.get(topic.name, topic.name)) for topic in wanted]

    def create_topics(self) -> None:
        """Create every topic that is missing, as `safeclock admin apply` would."""
        named = self.desired_topics()
        with KafkaAdmin(self.bootstrap) as broker:
            found = broker.describe_topics(topic.name for topic in named)
            for topic in named:
                if topic.name not in found:
                    broker.create_topic(topic)

    def start_process(self, command: Sequence[str], port: int | None = None, **environment: str) -> SafeclockProcess:
        """Start a process, with its pages on a port that a former one had, or on any free one."""
        log = self.folder / f"{self.application}-{len(self.processes)}.log"
        part = SafeclockProcess(command, self.environment(**environment), log, port)
        self.processes.append(part)
        return part

    def start_worker(self, **environment: str) -> SafeclockProcess:
        """Start a worker."""
        return self.start_process(self._worker, None, **environment)

    def start_board(self, port: int | None = None, **environment: str) -> SafeclockProcess:
        """Start a board."""
        return self.start_process(self._board, port, **environment)

    def is_board(self, part: SafeclockProcess) -> bool:
        """Whether a process of the chain is a board."""
        return part.command == self._board

    def publish(self, lines: Iterable[bytes]) -> None:
        """Publish lines as history."""
        settings = PublisherSettings(bootstrap=self.bootstrap, idempotent=False)
        order = UploadRequest(settings=settings, registry=self.registry, history=True)
        published = publish_blocks(order, group_lines(line.rstrip() for line in lines))
        assert published.exit_code == 0, published

    def wait_until_applied(self, now: int) -> int:
        """Return when everything published has been committed and time has passed beyond `now`: to which instant.

        Fails when that does not happen in time.
        """
        records = [(topic, record) for topic in self.sources for record in self.read_committed(topic)]
        ends: dict[int, dict[str, int]] = {number: {} for number in range(self.registry.partitions)}
        for topic, record in records:
            ends[record.partition][topic] = max(ends[record.partition].get(topic, 0), record.offset + 1)
        wait_until(lambda: self._has_applied(ends, now), "all to be counted", self.logs)
        return min(position.log_time for position in self.checkpoints().values())

    def _has_applied(self, ends: Mapping[int, Mapping[str, int]], now: int) -> bool:
        positions = self.checkpoints()
        return positions.keys() == ends.keys() and all(
            positions[number].log_time > now
            and all(positions[number].topics.get(topic, TopicOffset(0)).next == end for topic, end in wanted.items())
            for number, wanted in ends.items()
        )

    def checkpoints(self) -> dict[int, Checkpoint]:
        """Return how far every partition has been committed."""
        return {
            partition: decode_checkpoint(value)
            for partition, key, value in self.stored(self.names.changelog)
            if key == CHECKPOINT_KEY
        }

    def read_committed(self, topic: str) -> list[TopicRecord]:
        """Return every committed record of a topic."""
        return asyncio.run(read_topic(self.bootstrap, topic, self.registry.partitions))

    def read_uncommitted(self, topic: str) -> list[TopicRecord]:
        """Return every record of a topic, those of aborted and of open transactions as well."""
        return asyncio.run(read_topic(self.bootstrap, topic, self.registry.partitions, "read_uncommitted"))

    def stored(self, topic: str) -> list[tuple[int, bytes, bytes]]:
        """Return partition, key and value of the last record of every key of a compacted topic that is not gone."""
        last = {(record.partition, record.key): record.value for record in self.read_committed(topic)}
        return [(partition, key, value) for (partition, key), value in last.items() if value is not None]

    def logs(self) -> str:
        """Return the ends of the logs."""
        return "\n".join(
            f"{part.log.name}\n{part.log.read_text(errors='replace')[-3000:]}" for part in self.processes[-2:]
        )

    def close(self) -> None:
        """End every process of the chain."""
        for part in self.processes:
            part.kill()


KILLED = -signal.SIGKILL
