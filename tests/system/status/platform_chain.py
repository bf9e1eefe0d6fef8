"""A chain on which every platform has topics of its own and the broker stamps every record, as in production."""

import json
import os
import subprocess
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from kafka import KafkaProducer
from typing_extensions import override

from streams.contract.timestamps import format_timestamp
from streams.contract.topics import partition_of
from streams.edge.clock import wall_clock_ms
from streams.runtime.settings import RecordTime
from tests.support.paths import DEMO_REGISTRY, ROOT
from tests.support.process.chain import Chain
from tests.support.process.publisher_harness import action_line, filing_line
from tests.support.process.running_process import SAFECLOCK
from tests.support.waiting import TIMEOUT_SECONDS


class CommandResult(NamedTuple):
    """How a command ended, and what it printed."""

    exit_code: int
    out: str
    err: str


class OwnTopicsChain(Chain):
    """Such a chain."""

    record_time = RecordTime.LOG

    @override
    def _registry_text(self, partitions: int) -> Path:
        return self.registry_text(partitions)

    def registry_text(self, partitions: int, **span: int) -> Path:
        """Write a registry, with a span of history open for every platform where one is given; return its file."""
        lines = [f"partitions = {partitions}"]
        for entry in tomllib.loads(DEMO_REGISTRY.read_text(encoding="utf-8"))["platforms"]:
            name = entry["id"]
            lines += ["[[platforms]]", f'id = "{name}"', f'provider = "{entry["provider"]}"']
            lines += [f'cadence = "{entry["cadence"]}"', f'feedback = "{self.application}-heard.{name}"']
            lines += [f'{role} = "{self.application}-{role}.{name}"' for role in ("report_filed", "action_taken")]
            if span:
                lines += ["[[platforms.history]]", 'opened_by = "audit"']
                lines += [f"{field.strip('_')} = {format_timestamp(at)}" for field, at in span.items()]
        file = self.folder / f"{self.application}.toml"
        file.write_text("\n".join(lines), encoding="utf-8")
        return file

    def run_to_end(self, *arguments: str) -> CommandResult:
        """Run a command of Safeclock to its end, whatever that is."""
        done = subprocess.run(
            [*SAFECLOCK, *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment(), "SAFECLOCK_PUBLISH_IDEMPOTENT": "true"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def run_status(self, platform: str, *more: str) -> tuple[int, Any]:
        """Return how `safeclock status` ends once all was read, and its document."""
        registry = f"--registry={self.registry_file}"
        ended = self.run_to_end("status", f"--platform={platform}", registry, "--wait=60", "--format=json", *more)
        return ended.exit_code, json.loads(ended.out) if ended.out else ended.err


REPORTS = 40


def publish_reports(chain: OwnTopicsChain, *, right: bool, first: int = 0) -> int:
    """Send filings, from number `first` on, to where they belong and actions there too or elsewhere; return how many actions lie elsewhere.

    All of it is one transaction, which leaves a mark behind the last record of each log.
    """
    now, astray = wall_clock_ms(), 0
    harbor = chain.registry.platforms["harbor"]
    own = {"transactional_id": f"{chain.application}-publisher", "enable_idempotence": True}
    with closing(KafkaProducer(bootstrap_servers=chain.bootstrap, **own)) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        for number in range(first, first + REPORTS):
            for topic, line in (
                (harbor.report_filed, filing_line(number, now)),
                (harbor.action_taken, action_line(number, now)),
            ):
                key = line_key(line)
                place = partition_of(key, 2)
                if topic == harbor.action_taken and not right and number % 2:
                    place, astray = 1 - place, astray + 1
                producer.send(topic, line, key, partition=place)
        producer.commit_transaction()
    return astray


def line_key(line: bytes) -> bytes:
    """Return the key of an event's record."""
    subject = line.partition(b'"subject":"')[2].partition(b'"')[0]
    return b"harbor|" + subject
