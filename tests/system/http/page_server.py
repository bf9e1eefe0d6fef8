"""Pages of a real server in a thread of its own, on the event loop of a worker or of a board, and a raw client."""

import asyncio
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import uvloop

from streams.contract.settings.http_security import HttpSecurity
from streams.edge.http_server.connections import ConnectionLimits
from streams.edge.http_server.server import Handler, serve
from tests.support.broker.ports import LOOPBACK
from tests.support.broker.security.certificates import CertificateAuthority

TIMEOUT_SECONDS: Final = 20.0
"""How long a test waits for what should take less than a second."""

LOOPS: Final[Mapping[str, Callable[[], asyncio.AbstractEventLoop]]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.SelectorEventLoop,
}


class PageServer(NamedTuple):
    """Where pages are served; `tls_context` is what a client over TLS needs to know, None without TLS."""

    port: int
    tls_context: ssl.SSLContext | None = None

    def connect(self, source: str = LOOPBACK) -> socket.socket:
        """Open a connection, without a TLS handshake, from an address of this machine."""
        return socket.create_connection((LOOPBACK, self.port), TIMEOUT_SECONDS, (source, 0))

    def open_connection(self, source: str = LOOPBACK) -> socket.socket:
        """Open a connection over which a request can be sent."""
        plain = self.connect(source)
        return plain if self.tls_context is None else self.tls_context.wrap_socket(plain, server_hostname=LOOPBACK)

    def send_request(self, request: bytes) -> bytes:
        """Send bytes and return everything that comes until the connection is closed."""
        with closing(self.open_connection()) as client:
            client.sendall(request)
            return read_until_closed(client)

    def get(self, path: str) -> bytes:
        """Return the answer to a well-formed request."""
        return self.send_request(b"GET %s HTTP/1.1\r\nHost: here\r\n\r\n" % path.encode())


def read_until_closed(client: socket.socket) -> bytes:
    """Return what comes until the server closes; fails after `TIMEOUT_SECONDS` with a TimeoutError."""
    client.settimeout(TIMEOUT_SECONDS)
    found = bytearray()
    try:
        while more := client.recv(65536):
            found += more
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        pass
    return bytes(found)


def is_open(client: socket.socket) -> bool:
    """Return whether the server has not closed a connection over which it sends nothing."""
    client.setblocking(False)  # noqa: FBT003 - Python's own
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


@contextmanager
def running_server(
    pages: Mapping[str, Handler],
    loop: str,
    limits: ConnectionLimits,
    guard: HttpSecurity | None = None,
    host: str = LOOPBACK,
) -> Iterator[int]:
    """Serve pages for the block and yield the port."""
    started, running = threading.Event(), dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Event, int]]()

    async def run() -> None:
        stop = asyncio.Event()
        async with serve(pages, host, 0, guard or HttpSecurity(), limits) as port:
            running["here"] = (asyncio.get_running_loop(), stop, port)
            started.set()
            await stop.wait()

    def work() -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(run())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert started.wait(TIMEOUT_SECONDS)
    here, stop, port = running["here"]
    try:
        yield port
    finally:
        here.call_soon_threadsafe(stop.set)
        thread.join(TIMEOUT_SECONDS)
        assert not thread.is_alive()


class Certificate(NamedTuple):
    """A guard with a certificate, and what a client needs to know of it."""

    guard: HttpSecurity
    client_context: ssl.SSLContext


def certificate(folder: Path, **guard: str) -> Certificate:
    """Make a certificate of today in a folder."""
    authority = CertificateAuthority(folder, "authority", dt.datetime.now(dt.UTC))  # noqa: TID251 - OpenSSL reads the clock
    pair = authority.issue("pages", LOOPBACK)
    return Certificate(
        HttpSecurity(cert_file=pair.cert_file, key_file=pair.key_file, **guard),  # type: ignore[arg-type]
        ssl.create_default_context(cafile=authority.file),
    )
