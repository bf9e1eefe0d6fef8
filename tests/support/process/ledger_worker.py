"""A worker in this process, with the real ledger, on the topics of a chain."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from zlib import crc32

from streams.contract.events.decoder import Record, Refusal
from streams.domain.events import Event, Filing
from streams.domain.vocabulary import RefusalReason
from streams.runtime.bootstrap import build_worker_dependencies
from streams.runtime.partition.protocols import RecordDecoder
from streams.runtime.settings import load_settings
from streams.runtime.worker import Worker
from tests.support.process.chain import Chain
from tests.support.process.counting.in_process_worker import STOP_SECONDS
from tests.support.process.fast_worker import FAST_SETTINGS


@dataclass
class PreviousDecoder:
    """A decoder from before a schema upgrade: every seventh report's filing has a field that it does not know."""

    current: RecordDecoder

    def decode(self, record: Record, wall_clock_ms: int | None = None) -> Event | Refusal:
        """Return the event in a record."""
        event = self.current.decode(record, wall_clock_ms)
        if isinstance(event, Filing) and crc32(event.key) % 7 == 0:
            return Refusal(RefusalReason.UNKNOWN_FIELD, "data", event.platform)
        return event


def run_until_due(
    chain: Chain, due: int, decoder: Callable[[RecordDecoder], RecordDecoder] = lambda today: today
) -> int:
    """Let a worker count what is there, and return to which instant beyond `due` time has passed."""
    settings = load_settings(chain.environment(SAFECLOCK_COMMIT_INTERVAL_MS="20"))
    dependencies = build_worker_dependencies(settings)

    async def work() -> int:
        worker = Worker(
            settings,
            replace(dependencies, decoder=decoder(dependencies.decoder), output_topics=chain.names),
            FAST_SETTINGS,
        )
        try:
            await worker.start()
            return await asyncio.to_thread(chain.wait_until_applied, due)
        finally:
            await asyncio.wait_for(worker.stop(), STOP_SECONDS)

    return asyncio.run(work())
