"""What can go wrong on the platforms' side; every error says what to do next.

```
PublisherError
├── SettingsError          the settings cannot be used; every mistake at once
├── RefusedBeforeSending   an event that the contract refuses; it never left
├── BufferFullError        the broker takes events more slowly than they come; the event was not sent
├── NotAcknowledgedError   events that were handed over and that the broker has not confirmed
├── PromiseError           a heartbeat would promise more than has been acknowledged
└── BrokerError            no broker, no topic, or topics whose partitions differ
```
"""


class PublisherError(Exception):
    """Anything that the publisher raises by itself."""


class SettingsError(PublisherError, ValueError):
    """Settings that cannot be used; `problems` lists every mistake, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class RefusedBeforeSendingError(PublisherError):
    """An event that every worker would refuse, stopped before it left; the refused value is not kept."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(f"the event was not sent: {reason}" + (f" in `{field}`" if field else ""))
        self.reason = reason
        self.field = field


class BufferFullError(PublisherError):
    """So many events wait for the broker that this one was not taken; send it again later."""


class NotAcknowledgedError(PublisherError):
    """Events that the broker has not confirmed: they may or may not have arrived.

    `ids` names them; sending them again under the same ids is safe. It names no heartbeat: the next one says more.
    """

    def __init__(self, ids: tuple[str, ...], cause: str) -> None:
        shown = ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")  # noqa: PLR2004 - three ids show the pattern
        named = f" ({shown})" if ids else ""
        super().__init__(f"expected an acknowledgement of everything, {len(ids)} events came without{named}: {cause}")
        self.ids = ids


class PromiseError(PublisherError):
    """A heartbeat that would promise an event which has not been acknowledged."""


class BrokerError(PublisherError):
    """The broker cannot be used as it is; the message says what was expected of it."""
