"""Places where a test kills the worker: SAFECLOCK_FAILPOINT is `name`, or `name:n` for the n-th time it is hit.

With `name:n:stop` the worker is not killed, but is stopped there until it gets SIGCONT.
"""

import os
import signal
from typing import Final

VARIABLE: Final = "SAFECLOCK_FAILPOINT"
NAMES: Final = ("after_apply", "sent_not_committed", "committed_not_published", "mid_restore", "after_seek")
_SIGNALS: Final = {"": signal.SIGKILL, "stop": signal.SIGSTOP}


class Failpoints:
    """The failpoint that is active in this process, if any."""

    def __init__(self, armed: str = "") -> None:
        name, _, rest = armed.partition(":")
        number, _, signal_name = rest.partition(":")
        if name and name not in NAMES:
            raise ValueError(f"{VARIABLE}: expected one of {', '.join(NAMES)}, got {name!r}")
        if signal_name not in _SIGNALS:
            raise ValueError(f"{VARIABLE}: expected nothing or stop after the number, got {signal_name!r}")
        self._name = name
        self._passages_left = int(number or 1)
        self._signal = _SIGNALS[signal_name]

    @classmethod
    def from_environment(cls) -> "Failpoints":
        """Return the failpoint that the environment names."""
        return cls(os.environ.get(VARIABLE, ""))

    def hit(self, name: str) -> None:
        """Kill or stop this process if `name` is the active failpoint and is hit for the n-th time."""
        if name != self._name:
            return
        self._passages_left -= 1
        if self._passages_left == 0:
            os.kill(os.getpid(), self._signal)
