"""Bind listening sockets from settings, and accept clients."""

import asyncio
import errno
import socket
import ssl
from typing import Any, Final

from aiohttp import web

from streams.contract.settings.environment import BadSettingsError
from streams.edge.http_server.connections import Connection, Connections

_BACKLOG: Final = 512
"""How many clients the system queues; each further one, even a liveness probe, waits for a second."""
_MAX_ACCEPTS_PER_ROUND: Final = 8
"""How many clients are accepted in one round of the loop; connections that are closed for them end in the next one."""
_UNAVAILABLE_ADDRESS_ERRORS: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
_SHUTDOWN_SECONDS: Final = 1.0
_ACCEPT_PAUSE_SECONDS: Final = 0.05
"""How long no client is accepted after the system had no file descriptor left."""


class AddressError(BadSettingsError):
    """The process cannot listen at the address of the settings; the message names the setting."""


async def bind(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets, one for each usable address of `host`, all on one port; port 0 means any free port.

    Raises AddressError if no address can be bound.
    """
    listeners: list[socket.socket] = []
    last_error: OSError | None = None
    try:
        for family, _, _, _, address in await _resolve(host, port):
            chosen_port = listeners[0].getsockname()[1] if listeners else port
            try:
                listener = socket.create_server((str(address[0]), chosen_port), family=family, backlog=_BACKLOG)
            except OSError as error:
                if error.errno not in _UNAVAILABLE_ADDRESS_ERRORS:
                    raise
                last_error = error  # such as ::1 for localhost without IPv6
                continue
            listener.setblocking(False)  # noqa: FBT003 - Python's own
            listeners.append(listener)
        if last_error is not None and not listeners:
            raise last_error
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise _address_error(host, port, error) from error
    return listeners


async def _resolve(host: str, port: int) -> list[Any]:
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _address_error(host: str, port: int, error: OSError) -> AddressError:
    if isinstance(error, socket.gaierror):
        return AddressError(f"SAFECLOCK_HTTP_HOST: expected a name or an address of this machine, got {host!r}")
    if error.errno == errno.EADDRINUSE:
        return AddressError(f"SAFECLOCK_HTTP_PORT: expected a free port at {host}, got {port}, which is in use")
    return AddressError(
        f"SAFECLOCK_HTTP_HOST, SAFECLOCK_HTTP_PORT: expected an address to listen at, got {host} {port}:"
        f" {error.strerror}"
    )


class Acceptor:
    """Accepts clients of bound sockets for `server`, over TLS if there is a context."""

    def __init__(self, server: web.Server, connections: Connections, ssl_context: ssl.SSLContext | None) -> None:
        self._server = server
        self._connections = connections
        self._ssl_context = ssl_context
        self._loop = asyncio.get_running_loop()
        self._listeners: set[socket.socket] = set()
        self._opening_tasks: set[asyncio.Task[None]] = set()

    def listen(self, listener: socket.socket) -> None:
        """Accept clients of a bound socket until it is closed."""
        self._loop.add_reader(listener, self._accept_pending, listener)
        self._listeners.add(listener)

    async def close(self) -> None:
        """Stop accepting clients, and disconnect those whose TLS handshake is not finished."""
        for listener in self._listeners:
            self._loop.remove_reader(listener)
            listener.close()
        self._listeners.clear()
        for task in self._opening_tasks:
            task.cancel()
        await asyncio.gather(*self._opening_tasks, return_exceptions=True)

    def _accept_pending(self, listener: socket.socket) -> None:
        for _ in range(_MAX_ACCEPTS_PER_ROUND):
            if not self._accept_one(listener):
                return

    def _accept_one(self, listener: socket.socket) -> bool:
        """Accept one queued client; return whether there may be another one."""
        try:
            client, address = listener.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:
            return True
        except OSError:  # the process or the system has reached its limit of open files
            self._connections.close_least_important()
            self._loop.remove_reader(listener)  # the loop would call the reader again before the connection is closed
            self._loop.call_later(_ACCEPT_PAUSE_SECONDS, self._resume, listener)
            return False
        client.setblocking(False)  # noqa: FBT003 - Python's own
        self._start_connection(client, str(address[0]))
        return True

    def _resume(self, listener: socket.socket) -> None:
        if listener in self._listeners:
            self.listen(listener)

    def _start_connection(self, client: socket.socket, address: str) -> None:
        connection = Connection(self._server, self._connections, address, self._loop)
        self._connections.add(connection)
        task = self._loop.create_task(self._open_connection(client, connection))
        connection.opening_task = task
        self._opening_tasks.add(task)
        task.add_done_callback(lambda done: self._on_opened(done, client, connection))

    async def _open_connection(self, client: socket.socket, connection: Connection) -> None:
        seconds: dict[str, float] = {}
        if self._ssl_context is not None:
            seconds["ssl_handshake_timeout"] = self._connections.limits.request_seconds
            seconds["ssl_shutdown_timeout"] = _SHUTDOWN_SECONDS
        await self._loop.connect_accepted_socket(lambda: connection, client, ssl=self._ssl_context, **seconds)

    def _on_opened(self, task: asyncio.Task[None], client: socket.socket, connection: Connection) -> None:
        """Disconnect a client whose TLS handshake failed or whose connection was closed for another one."""
        self._opening_tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._connections.log_rate_limited(f"a connection could not be opened: {type(error).__name__}")
        if error is not None or task.cancelled():
            connection.deregister()
            client.close()
