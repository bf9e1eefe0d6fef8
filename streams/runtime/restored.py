"""What the log says of all partitions that a worker was given, when the last of them is restored."""

import logging

from streams.runtime.figures import Figures, State

log = logging.getLogger(__name__)


def announce(figures: Figures) -> None:
    """Say what was restored if no owned partition is still to be; called when one of them is."""
    owned = figures.owned
    if all(one.state is State.SERVING for one in owned.values()):
        rows = sum(one.restored for one in owned.values())
        seconds = max((one.restore_seconds or 0.0 for one in owned.values()), default=0.0)
        numbers = ", ".join(map(str, sorted(owned)))
        log.info("serving partitions %s: restored %d rows in %.1f s", numbers, rows, seconds)
        empty = ", ".join(str(number) for number, one in sorted(owned.items()) if not one.restored)
        if empty:
            log.warning("partitions %s begin with no state: the changelog holds nothing of them", empty)
