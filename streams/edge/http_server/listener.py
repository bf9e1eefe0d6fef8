"""Listening for clients: sockets that are bound by settings, and what accepts."""

import asyncio
import errno
import socket
import ssl
from typing import Any, Final

from aiohttp import web

from streams.contract.settings.environment import BadSettingsError
from streams.edge.http_server.connections import Connection, Connections

_BACKLOG: Final = 512
"""How many clients the system keeps waiting: one more hears nothing for a second, be it a liveness probe."""
_AT_ONCE: Final = 8
"""How many are accepted in one round of the loop: those that give way to them are closed in the next one."""
_NOT_HERE: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
_SHUTDOWN_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.05
"""How long nothing is accepted when the system has no room for another connection."""


class AddressError(BadSettingsError):
    """Pages cannot be served at the address of the settings; the message names the setting."""


async def bound(host: str, port: int) -> list[socket.socket]:
    """Return listening sockets, one for each address of `host` that there is, all with one port; port 0 is any free one.

    Raises AddressError.
    """
    found: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, _, _, _, address in await _addresses(host, port):
            chosen = found[0].getsockname()[1] if found else port
            try:
                listener = socket.create_server((str(address[0]), chosen), family=family, backlog=_BACKLOG)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing = error  # such as ::1 for localhost where IPv6 is turned off
                continue
            listener.setblocking(False)  # noqa: FBT003 - Python's own
            found.append(listener)
        if missing is not None and not found:
            raise missing
    except OSError as error:
        for listener in found:
            listener.close()
        raise _wrong(host, port, error) from error
    return found


async def _addresses(host: str, port: int) -> list[Any]:
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _wrong(host: str, port: int, error: OSError) -> AddressError:
    if isinstance(error, socket.gaierror):
        return AddressError(f"SAFECLOCK_HTTP_HOST: expected a name or an address of this machine, got {host!r}")
    if error.errno == errno.EADDRINUSE:
        return AddressError(f"SAFECLOCK_HTTP_PORT: expected a free port at {host}, {port} is in use")
    return AddressError(
        f"SAFECLOCK_HTTP_HOST, SAFECLOCK_HTTP_PORT: expected an address to listen at, {host} {port} is none:"
        f" {error.strerror}"
    )


class Acceptor:
    """Accepts clients of bound sockets and hands each to `server`, over TLS where there is a context."""

    def __init__(self, server: web.Server, connections: Connections, context: ssl.SSLContext | None) -> None:
        self._server = server
        self._connections = connections
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._listeners: set[socket.socket] = set()
        self._opening: set[asyncio.Task[None]] = set()

    def listen(self, listener: socket.socket) -> None:
        """Accept clients of a bound socket until it is closed."""
        self._loop.add_reader(listener, self._ready, listener)
        self._listeners.add(listener)

    async def close(self) -> None:
        """Accept nobody any more, and drop the clients with whom a TLS handshake is under way."""
        for listener in self._listeners:
            self._loop.remove_reader(listener)
            listener.close()
        self._listeners.clear()
        for opening in self._opening:
            opening.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)

    def _ready(self, listener: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            if not self._accepted(listener):
                return

    def _accepted(self, listener: socket.socket) -> bool:
        """Accept a client that waits; return whether there may be another one."""
        try:
            client, address = listener.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:
            return True
        except OSError:  # the process or the system has as many open files as it may
            self._connections.make_room()
            self._loop.remove_reader(listener)  # it would be called again before anything is closed
            self._loop.call_later(_PAUSE_SECONDS, self._resume, listener)
            return False
        client.setblocking(False)  # noqa: FBT003 - Python's own
        self._take(client, str(address[0]))
        return True

    def _resume(self, listener: socket.socket) -> None:
        if listener in self._listeners:
            self.listen(listener)

    def _take(self, client: socket.socket, address: str) -> None:
        connection = Connection(self._server, self._connections, address, self._loop)
        self._connections.add(connection)
        opening = self._loop.create_task(self._open(client, connection))
        connection.opening = opening
        self._opening.add(opening)
        opening.add_done_callback(lambda done: self._opened(done, client, connection))

    async def _open(self, client: socket.socket, connection: Connection) -> None:
        seconds: dict[str, float] = {}
        if self._context is not None:
            seconds["ssl_handshake_timeout"] = self._connections.limits.request_seconds
            seconds["ssl_shutdown_timeout"] = _SHUTDOWN_SECONDS
        await self._loop.connect_accepted_socket(lambda: connection, client, ssl=self._context, **seconds)

    def _opened(self, opening: asyncio.Task[None], client: socket.socket, connection: Connection) -> None:
        """Drop a client whose connection was not opened: it did not finish a TLS handshake, or had to give way."""
        self._opening.discard(opening)
        error = None if opening.cancelled() else opening.exception()
        if error is not None:
            self._connections.note(f"a connection could not be opened: {type(error).__name__}")
        if error is not None or opening.cancelled():
            connection.forget()
            client.close()
