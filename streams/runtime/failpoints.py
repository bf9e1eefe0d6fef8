"""Places where a test kills the worker, named in SAFECLOCK_FAILPOINT as `name` or `name:n` for the n-th passage.

With `name:n:stop` the worker is not killed but stands still there until it is told to go on (SIGCONT).
"""

import os
import signal
from typing import Final

VARIABLE: Final = "SAFECLOCK_FAILPOINT"
NAMES: Final = ("after_apply", "sent_not_committed", "committed_not_published", "mid_restore", "after_seek")
_SIGNALS: Final = {"": signal.SIGKILL, "stop": signal.SIGSTOP}


class Failpoints:
    """The failpoint that is armed in this process, if any."""

    def __init__(self, armed: str = "") -> None:
        name, _, rest = armed.partition(":")
        passage, _, how = rest.partition(":")
        if name and name not in NAMES:
            raise ValueError(f"{VARIABLE}: expected one of {', '.join(NAMES)}, got {name!r}")
        if how not in _SIGNALS:
            raise ValueError(f"{VARIABLE}: expected nothing or stop after the passage, got {how!r}")
        self._name = name
        self._passages_left = int(passage or 1)
        self._signal = _SIGNALS[how]

    @classmethod
    def from_environment(cls) -> "Failpoints":
        """Return the failpoint that the environment arms."""
        return cls(os.environ.get(VARIABLE, ""))

    def hit(self, name: str) -> None:
        """Kill or stop this process without warning if `name` is armed and this is the passage that was asked for."""
        if name != self._name:
            return
        self._passages_left -= 1
        if self._passages_left == 0:
            os.kill(os.getpid(), self._signal)
