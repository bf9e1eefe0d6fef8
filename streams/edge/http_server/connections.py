"""Connections to a process's pages: how many there may be, how long each may take, and what is said of a bad request.

Every connection carries one request. A client that does not send it in time, or does not read the answer in time, is
cut off. When there are too many connections, the one that matters least gives way to a new one, so that a liveness
probe is always answered.
"""

import logging
from asyncio import AbstractEventLoop, BaseTransport, Task, TimerHandle, Transport
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, cast

from aiohttp import web
from typing_extensions import override

from streams.edge.clock import wall_clock_ms
from streams.edge.logs.rate_limiter import LogRateLimiter, with_suppressed_count

log = logging.getLogger(__name__)

_MAX_LINE_BYTES: Final = 4096
_MAX_HEADERS: Final = 64
_LINGERING_SECONDS: Final = 0.5
"""How long the rest of a request's body is read and thrown away, so that the client can read the answer."""
_CLOSE_GRACE_SECONDS: Final = 1.0
"""A connection that was closed in order may still wait for its client to read; after this it is cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What clients may take: connections of one process, and seconds for a request and for an answer."""

    max_connections: int = 32
    request_seconds: float = 5.0
    answer_seconds: float = 30.0


class Connection(web.RequestHandler):
    """One client, from the moment its connection is accepted; `answering` says that its request has come."""

    def __init__(self, server: web.Server, connections: "Connections", client: str, loop: AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=connections.limits.request_seconds,
            lingering_time=_LINGERING_SECONDS,
            max_line_size=_MAX_LINE_BYTES,
            max_field_size=_MAX_LINE_BYTES,
            max_headers=_MAX_HEADERS,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]  # aiohttp's own way to say that there is none
        )
        self.client = client
        self.is_answering = False
        self.opening_task: Task[Any] | None = None
        self._connections = connections
        self._event_loop = loop
        self._client_transport: Transport | None = None
        self._timer: TimerHandle | None = None
        self._abort_in(connections.limits.request_seconds + _CLOSE_GRACE_SECONDS)

    def start_answer_timer(self) -> None:
        """Note that a whole request has come: the time for the answer begins."""
        self.is_answering = True
        self._abort_in(self._connections.limits.answer_seconds)

    def abort(self) -> None:
        """Close at once, whatever was sent or not; also in the middle of a TLS handshake."""
        if self._client_transport is not None:
            self._client_transport.abort()
        elif self.opening_task is not None:
            self.opening_task.cancel()

    def deregister(self) -> None:
        """Note that the connection is closed."""
        self._connections.remove(self)
        if self._timer is not None:
            self._timer.cancel()

    @override
    def connection_made(self, transport: BaseTransport) -> None:
        self._client_transport = cast("Transport", transport)  # that of uvloop is none by its class
        super().connection_made(transport)

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        self.deregister()
        super().connection_lost(exc)

    @override
    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer in words of ours: what aiohttp says holds the line of the request that it could not read."""
        self._connections.log_error(status, exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is under way, no other one can be sent")
        wrong = "expected an HTTP/1.1 request" if status < 500 else "this page could not be made, the log says where"  # noqa: PLR2004
        response = web.Response(status=status, text=f"{wrong}\n")
        response.force_close()
        return response

    @override
    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log where an error arose, and nothing of its text, which may quote a request."""
        self._connections.log_error(500, kw.get("exc_info"))

    def _abort_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._event_loop.call_later(seconds, self._on_timeout)

    def _on_timeout(self) -> None:
        what = "did not read the answer" if self.is_answering else "sent no whole request"
        self._connections.log_rate_limited(f"a client {what} in time, its connection was closed")
        self.abort()


class Connections:
    """The open connections of one process; at most as many as its limits say."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._open: dict[Connection, None] = {}
        self._rate_limiter = LogRateLimiter()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> None:
        """Add one that was just accepted; the one that matters least is closed where there are too many."""
        if len(self._open) >= self.limits.max_connections:
            self.close_least_important()
        self._open[connection] = None

    def remove(self, connection: Connection) -> None:
        """Forget one that is closed; nothing happens to one that is not known."""
        self._open.pop(connection, None)

    def close_least_important(self) -> bool:
        """Close the connection that matters least; return whether there was one."""
        if not self._open:
            return False
        least = least_important(self._open)
        self.remove(least)
        least.abort()
        self.log_rate_limited(f"more than {self.limits.max_connections} connections, one was closed for a new one")
        return True

    def close(self) -> None:
        """Close all of them at once."""
        for connection in tuple(self._open):
            connection.abort()

    def log_rate_limited(self, message: str) -> None:
        """Log a message that clients can cause, seldom."""
        held = self._rate_limiter.admit(message, wall_clock_ms())
        if held is not None:
            log.warning("%s", with_suppressed_count(message, held))

    def log_error(self, status: int, error: BaseException | None) -> None:
        """Log what kind of error an answer stands for, and where in our code it arose."""
        kind = type(error).__name__ if error is not None else "unknown"
        if status < 500:  # noqa: PLR2004 - the client's own fault
            self.log_rate_limited(f"a request could not be read, the answer is {status}: {kind}")
        else:
            self.log_rate_limited(f"a page could not be made: {kind}{_error_location(error)}")


def least_important(connections: Collection[Connection]) -> Connection:
    """Return the connection that matters least, of some in the order of their ages.

    One that waits for its client comes before one that is being answered, one of the client with the most connections
    before others, and the oldest first.
    """
    of_client = Counter(connection.client for connection in connections)
    return max(connections, key=lambda one: (not one.is_answering, of_client[one.client]))


def _error_location(error: BaseException | None) -> str:
    trace = error.__traceback__ if error is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
