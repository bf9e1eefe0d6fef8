"""A platform that publishes as fast as it can: `python -m tests.tools.bench.scale.flood_publisher BOOTSTRAP TOPIC PLATFORM COUNT`.

Says `ready` when its filings are made, waits for a line, sends them all and says `sent`.
"""

import asyncio
import sys
from itertools import islice

from streams.edge.clock import wall_clock_ms
from tests.support.simulation.workload import PARTITIONS
from tests.tools.bench.scale.record_generator import EventTemplate, GeneratedRecord, keys, send


def _records(topic: str, platform: str, count: int) -> list[GeneratedRecord]:
    template, at = EventTemplate(platform), wall_clock_ms()
    made = islice(keys(template.platform, PARTITIONS, seed=1), count)
    return [
        GeneratedRecord(topic, part, key, template.filing(key, number, at)) for number, (part, key) in enumerate(made)
    ]


if __name__ == "__main__":
    bootstrap, topic, platform, count = sys.argv[1:]
    records = _records(topic, platform, int(count))
    print("ready", flush=True)  # noqa: T201 - for the parent process
    sys.stdin.readline()
    asyncio.run(send(bootstrap, records))
    print("sent", flush=True)  # noqa: T201
