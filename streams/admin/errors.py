"""The error of an operator's command; its message says what was expected, what was found, and where."""


class OperatingError(Exception):
    """A command was not done, or only in part; the message says what was done."""
