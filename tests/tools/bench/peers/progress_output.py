"""What a contender says of itself while it runs: lines of JSON on its standard output, at most twenty a second."""

import json
import time
from collections.abc import Callable
from threading import Thread
from typing import Final

_WRITE_INTERVAL_SECONDS: Final = 0.05


class ProgressWriter:
    """Tells, whenever they changed, how many records this process has `seen` and what its totals are.

    From a thread of its own, so that the last word is said although no record comes any more. `totals` must not stumble
    over counts that change under it; a word that mixes two moments does no harm, since the next one follows.
    """

    def __init__(self, totals: Callable[[], object]) -> None:
        self.records_read = 0
        self._totals = totals
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        said = ""
        while True:
            # What was seen is read first: the totals that are told with it may be newer, never older.
            word = json.dumps({"seen": self.records_read, "totals": self._totals()})
            if word != said:
                print(word, flush=True)  # noqa: T201 - for the parent process
            said = word
            time.sleep(_WRITE_INTERVAL_SECONDS)
