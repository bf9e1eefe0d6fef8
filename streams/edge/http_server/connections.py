"""Connections to a process's pages: limits of number and time, and safe log lines about bad requests.

Every connection carries one request. A client that does not send the request or read the answer in time is
disconnected. If there are too many connections, the least important one is closed for a new one, so that a liveness
probe always gets an answer.
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
"""How long the rest of a request's body is read and discarded, so that the client can read the answer."""
_CLOSE_GRACE_SECONDS: Final = 1.0
"""How long a closing connection may wait for its client to read, before the connection is aborted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Limits for clients: connections of one process, and seconds for a request and for an answer."""

    max_connections: int = 32
    request_seconds: float = 5.0
    answer_seconds: float = 30.0


class Connection(web.RequestHandler):
    """The connection of one client from the moment of acceptance; `is_answering`: the request has arrived."""

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
            access_log=None,  # type: ignore[arg-type]  # aiohttp expects None for no access log
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
        """Start the time limit of the answer, after a complete request has arrived."""
        self.is_answering = True
        self._abort_in(self._connections.limits.answer_seconds)

    def abort(self) -> None:
        """Close at once without sending buffered bytes, even during a TLS handshake."""
        if self._client_transport is not None:
            self._client_transport.abort()
        elif self.opening_task is not None:
            self.opening_task.cancel()

    def deregister(self) -> None:
        """Remove a closed connection and cancel its timer."""
        self._connections.remove(self)
        if self._timer is not None:
            self._timer.cancel()

    @override
    def connection_made(self, transport: BaseTransport) -> None:
        self._client_transport = cast("Transport", transport)  # uvloop's transport does not inherit from Transport
        super().connection_made(transport)

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        self.deregister()
        super().connection_lost(exc)

    @override
    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer with our own text, since aiohttp's text repeats the line of the request that it could not parse."""
        self._connections.log_error(status, exc)
        if request.writer.output_size > 0:
            raise ConnectionError("expected no answer yet, but one is already being sent")
        text = "expected an HTTP/1.1 request" if status < 500 else "the page failed, see the log"  # noqa: PLR2004
        response = web.Response(status=status, text=f"{text}\n")
        response.force_close()
        return response

    @override
    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log the place of an error without its text, which may quote a request."""
        self._connections.log_error(500, kw.get("exc_info"))

    def _abort_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._event_loop.call_later(seconds, self._on_timeout)

    def _on_timeout(self) -> None:
        failure = "did not read the answer" if self.is_answering else "sent no complete request"
        self._connections.log_rate_limited(f"a client {failure} in time, its connection was closed")
        self.abort()


class Connections:
    """The open connections of one process, at most `max_connections` of its limits."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._open: dict[Connection, None] = {}
        self._rate_limiter = LogRateLimiter()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> None:
        """Add an accepted connection; if there are too many, close the least important one."""
        if len(self._open) >= self.limits.max_connections:
            self.close_least_important()
        self._open[connection] = None

    def remove(self, connection: Connection) -> None:
        """Remove a closed connection; an unknown connection is ignored."""
        self._open.pop(connection, None)

    def close_least_important(self) -> bool:
        """Close the least important connection; return whether there was one."""
        if not self._open:
            return False
        connection = least_important(self._open)
        self.remove(connection)
        connection.abort()
        self.log_rate_limited(f"more than {self.limits.max_connections} connections, one was closed for a new one")
        return True

    def close(self) -> None:
        """Close all connections at once."""
        for connection in tuple(self._open):
            connection.abort()

    def log_rate_limited(self, message: str) -> None:
        """Log a message that clients can cause, limited to one line a minute."""
        suppressed = self._rate_limiter.admit(message, wall_clock_ms())
        if suppressed is not None:
            log.warning("%s", with_suppressed_count(message, suppressed))

    def log_error(self, status: int, error: BaseException | None) -> None:
        """Log the class of an error and, for our own errors, the place in the code."""
        kind = type(error).__name__ if error is not None else "unknown"
        if status < 500:  # noqa: PLR2004 - the client's own fault
            self.log_rate_limited(f"a request could not be parsed, the answer is {status}: {kind}")
        else:
            self.log_rate_limited(f"a page failed: {kind}{_error_location(error)}")


def least_important(connections: Collection[Connection]) -> Connection:
    """Return the least important of some connections, which are ordered by age, the oldest first.

    A connection without a complete request is less important than one that is being answered. Among equal ones, those
    of the client with the most connections are less important, and then the oldest.
    """
    count_by_client = Counter(connection.client for connection in connections)
    return max(connections, key=lambda candidate: (not candidate.is_answering, count_by_client[candidate.client]))


def _error_location(error: BaseException | None) -> str:
    trace = error.__traceback__ if error is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
