"""A worker with the real ledger, on topics that no other test writes, which the group soon gives up when it is killed."""

import logging
import os
import sys
from dataclasses import replace

from streams.contract.topics import changelog_topic
from streams.domain.events import Event, Heartbeat
from streams.domain.ledger import ledger as domain
from streams.domain.ledger.fast_path.at_hand import Report
from streams.domain.ledger.platform_state import PlatformState
from streams.domain.vocabulary import RefusalReason
from streams.runtime.bootstrap import build_worker_dependencies
from streams.runtime.faust_app import ConsumerTuning
from streams.runtime.partition.context import WorkerDependencies
from streams.runtime.partition.protocols import Ledger
from streams.runtime.settings import load_settings
from streams.runtime.topic_checks.preflight import OutputTopics
from streams.runtime.worker import main

QUICK = ConsumerTuning(session_seconds=2.0, rebalance_seconds=3.0, metadata_seconds=1.0)
SESSION = "QUICK_SESSION_SECONDS"
"""The variable that makes the group wait longer."""
FAULT = "QUICK_FAULT"
"""The variable that names a report at whose events the ledger fails, as by a fault of ours."""


UNSETTLED = "QUICK_UNSETTLED"
"""The variable that names a report whose events the ledger takes and cannot settle, as by a fault of ours."""


def names_of(application: str) -> OutputTopics:
    """Return the topics that the worker of a test writes."""
    own = [f"{application}-{word}" for word in ("measures", "refused", "notices")]
    return OutputTopics(changelog_topic(application), *own)


def faulty(trade: WorkerDependencies, token: str) -> WorkerDependencies:
    """Return a trade whose ledgers fail at every event of the report `token`."""

    def ledger(number: int) -> Ledger:
        made = trade.make_ledger(number)
        apply = made.apply

        def failing(event: Event) -> RefusalReason | None:
            if not isinstance(event, Heartbeat) and event.key.endswith(token.encode()):
                raise RuntimeError("the fault that was asked for")
            return apply(event)

        made.apply = failing  # type: ignore[method-assign]
        return made

    return replace(trade, make_ledger=ledger)


def unsettled(trade: WorkerDependencies, token: str) -> WorkerDependencies:
    """Return a trade whose ledgers cannot settle the report `token`: the fault shows when a commit is made."""

    def ledger(number: int) -> Ledger:
        made = trade.make_ledger(number)
        assert isinstance(made, domain.Ledger)
        settle = made._fast_path.settle

        def failing(platform: PlatformState, key: bytes, report: Report, horizon: int) -> None:
            if key.endswith(token.encode()):
                raise RuntimeError("the fault that was asked for")
            settle(platform, key, report, horizon)

        made._fast_path.settle = failing  # type: ignore[method-assign]
        return made

    return replace(trade, make_ledger=ledger)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = load_settings(os.environ)
    session = float(os.environ.get(SESSION, QUICK.session_seconds))
    manner = QUICK._replace(session_seconds=session, rebalance_seconds=1.5 * session)
    trade = replace(build_worker_dependencies(settings), output_topics=names_of(settings.application))
    if UNSETTLED in os.environ:
        trade = unsettled(trade, os.environ[UNSETTLED])
    main(settings, faulty(trade, os.environ[FAULT]) if FAULT in os.environ else trade, manner)
