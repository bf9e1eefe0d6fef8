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

FAST_SETTINGS = ConsumerTuning(session_seconds=2.0, rebalance_seconds=3.0, metadata_seconds=1.0)
SESSION_VARIABLE = "QUICK_SESSION_SECONDS"
"""The variable that makes the group wait longer."""
FAULT_VARIABLE = "QUICK_FAULT"
"""The variable that names a report at whose events the ledger fails, as by a fault of ours."""


COMMIT_FAULT_VARIABLE = "QUICK_UNSETTLED"
"""The variable that names a report whose events the ledger takes and cannot settle, as by a fault of ours."""


def output_topics(application: str) -> OutputTopics:
    """Return the topics that the worker of a test writes."""
    own = [f"{application}-{word}" for word in ("measures", "refused", "notices")]
    return OutputTopics(changelog_topic(application), *own)


def with_fault(dependencies: WorkerDependencies, token: str) -> WorkerDependencies:
    """Return a trade whose ledgers fail at every event of the report `token`."""

    def ledger(number: int) -> Ledger:
        made = dependencies.make_ledger(number)
        apply = made.apply

        def failing(event: Event) -> RefusalReason | None:
            if not isinstance(event, Heartbeat) and event.key.endswith(token.encode()):
                raise RuntimeError("the fault that was asked for")
            return apply(event)

        made.apply = failing  # type: ignore[method-assign]
        return made

    return replace(dependencies, make_ledger=ledger)


def with_commit_fault(dependencies: WorkerDependencies, token: str) -> WorkerDependencies:
    """Return a trade whose ledgers cannot settle the report `token`: the fault shows when a commit is made."""

    def ledger(number: int) -> Ledger:
        made = dependencies.make_ledger(number)
        assert isinstance(made, domain.Ledger)
        settle = made._fast_path.settle

        def failing(platform: PlatformState, key: bytes, report: Report, horizon: int) -> None:
            if key.endswith(token.encode()):
                raise RuntimeError("the fault that was asked for")
            settle(platform, key, report, horizon)

        made._fast_path.settle = failing  # type: ignore[method-assign]
        return made

    return replace(dependencies, make_ledger=ledger)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = load_settings(os.environ)
    session = float(os.environ.get(SESSION_VARIABLE, FAST_SETTINGS.session_seconds))
    tuning = FAST_SETTINGS._replace(session_seconds=session, rebalance_seconds=1.5 * session)
    dependencies = replace(build_worker_dependencies(settings), output_topics=output_topics(settings.application))
    if COMMIT_FAULT_VARIABLE in os.environ:
        dependencies = with_commit_fault(dependencies, os.environ[COMMIT_FAULT_VARIABLE])
    main(
        settings,
        with_fault(dependencies, os.environ[FAULT_VARIABLE]) if FAULT_VARIABLE in os.environ else dependencies,
        tuning,
    )
