"""A worker with the real ledger, on topics that no other test writes, which the group soon gives up when it is killed."""

import logging
import os
import sys
from dataclasses import replace

from streams.contract.topics import changelog_topic
from streams.domain import ledger as domain
from streams.domain.at_hand import Report
from streams.domain.desk import Desk
from streams.domain.events import Event, Heartbeat
from streams.domain.vocabulary import Reason
from streams.runtime.bootstrap import trade_of
from streams.runtime.faust_app import Manner
from streams.runtime.partition.processor import Ledger
from streams.runtime.settings import load
from streams.runtime.topic_checks.preflight import Names
from streams.runtime.worker import Trade, main

QUICK = Manner(session=2.0, rebalance=3.0, metadata=1.0)
SESSION = "QUICK_SESSION_SECONDS"
"""The variable that makes the group wait longer."""
FAULT = "QUICK_FAULT"
"""The variable that names a report at whose events the ledger fails, as by a fault of ours."""


UNSETTLED = "QUICK_UNSETTLED"
"""The variable that names a report whose events the ledger takes and cannot settle, as by a fault of ours."""


def names_of(application: str) -> Names:
    """Return the topics that the worker of a test writes."""
    own = [f"{application}-{word}" for word in ("measures", "refused", "notices")]
    return Names(changelog_topic(application), *own)


def faulty(trade: Trade, token: str) -> Trade:
    """Return a trade whose ledgers fail at every event of the report `token`."""

    def ledger(number: int) -> Ledger:
        made = trade.ledger(number)
        apply = made.apply

        def failing(event: Event) -> Reason | None:
            if not isinstance(event, Heartbeat) and event.key.endswith(token.encode()):
                raise RuntimeError("the fault that was asked for")
            return apply(event)

        made.apply = failing  # type: ignore[method-assign]
        return made

    return replace(trade, ledger=ledger)


def unsettled(trade: Trade, token: str) -> Trade:
    """Return a trade whose ledgers cannot settle the report `token`: the fault shows when a commit is made."""

    def ledger(number: int) -> Ledger:
        made = trade.ledger(number)
        assert isinstance(made, domain.Ledger)
        settle = made._settling.settle

        def failing(desk: Desk, key: bytes, report: Report, horizon: int) -> None:
            if key.endswith(token.encode()):
                raise RuntimeError("the fault that was asked for")
            settle(desk, key, report, horizon)

        made._settling.settle = failing  # type: ignore[method-assign]
        return made

    return replace(trade, ledger=ledger)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = load(os.environ)
    session = float(os.environ.get(SESSION, QUICK.session))
    manner = QUICK._replace(session=session, rebalance=1.5 * session)
    trade = replace(trade_of(settings), names=names_of(settings.application))
    if UNSETTLED in os.environ:
        trade = unsettled(trade, os.environ[UNSETTLED])
    main(settings, faulty(trade, os.environ[FAULT]) if FAULT in os.environ else trade, manner)
