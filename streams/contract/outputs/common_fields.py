"""What the events that workers publish have in common."""

from typing import Annotated, Final, Literal

from msgspec import Meta

WORKER_SOURCE: Final = "/safeclock/worker"
"""The `source` of every event that a worker publishes."""
WorkerSource = Literal["/safeclock/worker"]
Count = Annotated[int, Meta(ge=0)]
