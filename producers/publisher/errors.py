"""The errors of the publisher; every message says what to do next.

```
PublisherError
├── SettingsError               the settings are wrong; the error lists all mistakes
├── RefusedBeforeSendingError   the contract refuses the event; it was not sent
├── BufferFullError             the outbox is full since the broker is slow; the event was not sent
├── NotAcknowledgedError        the broker has not acknowledged these events
├── PromiseError                a heartbeat would declare more than was acknowledged
└── BrokerError                 no broker, no topic, or topics with different numbers of partitions
```
"""


class PublisherError(Exception):
    """Base class of the publisher's errors."""


class SettingsError(PublisherError, ValueError):
    """The settings are wrong; `problems` lists every mistake, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class RefusedBeforeSendingError(PublisherError):
    """Every worker would refuse the event, so it was not sent; the error does not hold the refused value."""

    def __init__(self, reason: str, field: str) -> None:
        super().__init__(f"the event was not sent: {reason}" + (f" in `{field}`" if field else ""))
        self.reason = reason
        self.field = field


class BufferFullError(PublisherError):
    """Too many events wait for the broker, so this event was not sent; send it again later."""


class NotAcknowledgedError(PublisherError):
    """The broker has not acknowledged events, which may or may not have arrived.

    `ids` are their ids; it is safe to send them again under the same ids. Heartbeats have no id here, since the next
    heartbeat replaces them.
    """

    def __init__(self, ids: tuple[str, ...], cause: str) -> None:
        first_ids = ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")  # noqa: PLR2004 - three ids show the pattern
        named = f" ({first_ids})" if ids else ""
        super().__init__(
            f"events: expected an acknowledgement of each, got none of {len(ids)}{named}: {cause}; "
            "send them again under the same ids"
        )
        self.ids = ids


class PromiseError(PublisherError):
    """A heartbeat would declare a watermark after an event that is not acknowledged."""


class BrokerError(PublisherError):
    """The broker cannot be used; the message says what was expected of it."""
