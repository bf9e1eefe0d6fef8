"""The exit codes of every process and command; docs/operations.md has the table."""

from typing import Final

OK: Final = 0
"""The command succeeded; or a server was asked to stop and has committed everything."""
FAILURE: Final = 1
"""Something failed, was refused or was not finished; the output says what, and another run may succeed."""
USAGE_ERROR: Final = 2
"""An argument, a setting or a file is wrong, so the same call fails again; `safeclock admin` uses FAILURE instead."""
UNKNOWN: Final = 3
"""`safeclock status` only: the status is unknown, since no broker answers, a right is missing or records are unread."""
CHANGES_PENDING: Final = 2
"""`safeclock admin` only: there are changes to apply or to accept, and nothing was changed."""
