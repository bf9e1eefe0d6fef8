"""The exit codes of every process and command; docs/operations.md has the table."""

from typing import Final

OK: Final = 0
"""What was asked for is done; a server was asked to stop and has committed everything."""
FAILURE: Final = 1
"""Something failed, was refused or was left undone; it is said, and calling again may help."""
USAGE_ERROR: Final = 2
"""The call, a setting or a file that it names is wrong: the same call fails again. In `safeclock admin` it is FAULT."""
UNKNOWN: Final = 3
"""`safeclock status` alone: it cannot be told, since no broker answers, a right is missing, or records are not read yet."""
CHANGES_PENDING: Final = 2
"""`safeclock admin` alone: there is something to change or to accept, and nothing was changed."""
