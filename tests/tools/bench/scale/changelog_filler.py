"""A partition's changelog, filled as a worker would have filled it: the real ledger, codec and journal, no source topics.

Run as a process: `python -m tests.tools.bench.scale.changelog_filler BOOTSTRAP APPLICATION PARTITION OPEN ENDED NOW`. It files
`OPEN` + `ENDED` reports over the days before `NOW`, decides `ENDED` of them a while after their filing, and commits as
often as a worker with a backlog does.
"""

import asyncio
import base64
import json
import random
import sys
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.topics import changelog_topic
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.events import Action, ActionKind, Event, Filing
from streams.domain.labels import Labels, encode_labels
from streams.domain.ledger.config import LedgerConfig
from streams.domain.ledger.ledger import Ledger
from streams.domain.vocabulary import Basis, Channel, Harm, Outcome, Reporter, Severity
from streams.runtime.failpoints import Failpoints
from streams.runtime.journal.checkpoint import CHECKPOINT_KEY, Checkpoint
from streams.runtime.journal.checkpoint import encode_checkpoint as encode_position
from streams.runtime.journal.journal import Commit, JournalTarget
from streams.runtime.journal.transactions import TransactionJournal
from streams.runtime.worker import _tune_garbage_collector

DAYS: Final = 190
"""Over how many days reports are filed: fewer than they are remembered."""

_OPEN_AGE_MS: Final = 20 * HOUR
_COMMIT_EVENTS: Final = 10_000
_MESSAGE_BYTES: Final = 16 << 20
_PLATFORMS: Final = ("harbor", "lantern", "meadow", "quartz")
_LABELS: Final = tuple(
    encode_labels(Labels(harm, Reporter.USER, False, Channel.IN_APP, Basis.TERMS, Severity.HIGH, "EU"))  # noqa: FBT003
    for harm in (Harm.CSAM, Harm.GROOMING, Harm.BULLYING)
)
_ACTION_KINDS: Final = (ActionKind(Outcome.RESTRICTED, is_final=True), ActionKind(Outcome.NO_VIOLATION))


class ReportCounts(NamedTuple):
    """What one partition remembers: open and ended reports, all told before `now`, in epoch milliseconds."""

    open: int
    ended: int
    now: int


def events(share: ReportCounts, seed: int) -> Iterator[Event]:
    """Yield filings and decisions in the order of their log times."""
    numbers = random.Random(seed)
    total = share.open + share.ended
    step = DAYS * DAY / max(total, 1)
    undecided: deque[Filing] = deque()
    ended = 0
    for count in range(1, total + 1):
        at = int(share.now - DAYS * DAY + count * step)
        filed = _filing(numbers, at)
        yield filed
        if ended < share.ended * count // total:  # spread evenly among those that stay open
            ended += 1
            undecided.append(filed)
        while undecided and undecided[0].at + _OPEN_AGE_MS < at:
            yield _action(numbers, undecided.popleft(), at)
    for filed in undecided:
        yield _action(numbers, filed, share.now)


def _filing(numbers: random.Random, at: int) -> Filing:
    platform = _PLATFORMS[numbers.getrandbits(2)]
    token = base64.urlsafe_b64encode(numbers.randbytes(32))[:43]
    key = b"%s|aa_%s" % (platform.encode(), token)
    labels = _LABELS[numbers.getrandbits(8) % 3]
    return Filing(key, platform, at, at + 900, numbers.getrandbits(64), numbers.getrandbits(32), labels)


def _action(numbers: random.Random, filed: Filing, at: int) -> Action:
    action_kind = _ACTION_KINDS[numbers.getrandbits(2) == 0]
    entry = (filed.key, filed.platform, at, at + 900, numbers.getrandbits(64), numbers.getrandbits(32), action_kind)
    return Action(*entry)


async def fill_changelog(journal: TransactionJournal, share: ReportCounts, seed: int) -> int:
    """Commit the share and return how many reports the ledger remembers."""
    ledger = Ledger(LedgerConfig(), MessagePackCodec())
    await journal.claim()
    logged_at = 0
    for count, event in enumerate(events(share, seed), 1):
        logged_at = event.logged_at
        if logged_at >= ledger.next_due:
            ledger.advance(logged_at)
        ledger.apply(event)
        if count % _COMMIT_EVENTS == 0:
            await _commit(journal, ledger, logged_at)
    ledger.advance(share.now)
    await _commit(journal, ledger, share.now)
    return ledger.reports


async def _commit(journal: TransactionJournal, ledger: Ledger, now: int) -> None:
    rows = ledger.drain_changes()
    rows[CHECKPOINT_KEY] = encode_position(Checkpoint(now))
    await journal.commit(Commit(rows, {}))


async def _run(place: JournalTarget, share: ReportCounts) -> None:
    journal = TransactionJournal(place, Failpoints())
    try:
        remembered = await fill_changelog(journal, share, place.partition)
    finally:
        await journal.close()
    print(json.dumps({"reports": remembered}), flush=True)  # noqa: T201 - for the parent process


if __name__ == "__main__":
    _tune_garbage_collector()
    bootstrap, application, *numbers = sys.argv[1:]
    partition, still_open, ended, now = map(int, numbers)
    place = JournalTarget(bootstrap, application, changelog_topic(application), partition, _MESSAGE_BYTES)
    asyncio.run(_run(place, ReportCounts(still_open, ended, now)))
