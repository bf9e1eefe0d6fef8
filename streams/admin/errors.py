"""What keeps an operator's command from being done; the message says what was expected, what came and where."""


class OperatingError(Exception):
    """The command was not done, or not wholly: the message says what stands."""
