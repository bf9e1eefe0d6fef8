"""A worker with the real ledger, on topics that no other test writes, which the group soon gives up when it is killed."""

import logging
import os
import sys
from dataclasses import replace

from streams.contract.topics import changelog
from streams.runtime.app import Manner
from streams.runtime.compose import trade_of
from streams.runtime.ground import Names
from streams.runtime.settings import load
from streams.runtime.worker import main

QUICK = Manner(session=2.0, rebalance=3.0, metadata=1.0)
SESSION = "QUICK_SESSION_SECONDS"
"""The variable that makes the group wait longer."""


def names_of(application: str) -> Names:
    """Return the topics that the worker of a test writes."""
    return Names(changelog(application), f"{application}-measures", f"{application}-refused")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = load(os.environ)
    session = float(os.environ.get(SESSION, QUICK.session))
    manner = QUICK._replace(session=session, rebalance=1.5 * session)
    main(settings, replace(trade_of(settings), names=names_of(settings.application)), manner)
