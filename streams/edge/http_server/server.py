"""The small HTTP server of a process: over TLS and for one user where it is told so."""

import hmac
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from streams.contract.settings.http_security import Guard
from streams.edge.http_server.connections import Connection, Connections, Limits
from streams.edge.http_server.listener import Acceptor, bound

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_FOR_EVERYBODY: Final = frozenset({"/healthz", "/readyz"})
"""What a supervisor asks, who has no password; nothing in the answers is a figure."""
_WHO: Final = {"WWW-Authenticate": 'Basic realm="safeclock", charset="UTF-8"'}
_METHODS: Final = ("GET", "HEAD")
_LIMITS: Final = Limits()
_STOP_SECONDS: Final = 0.5
"""How long answers that are under way may take when the process stops."""


@asynccontextmanager
async def served(
    pages: Mapping[str, Handler], host: str, port: int, guard: Guard, limits: Limits = _LIMITS
) -> AsyncIterator[int]:
    """Serve `pages`, by their paths, for the block and yield the port; port 0 is any free one.

    Raises AddressError, which names the setting, when nobody can listen there.
    """
    server = web.Server(_answering(pages, guard), handler_cancellation=True)
    connections = Connections(limits)
    acceptor = Acceptor(server, connections, guard.context())
    listeners = await bound(host, port)
    for listener in listeners:
        acceptor.listen(listener)
    try:
        yield listeners[0].getsockname()[1]
    finally:
        await acceptor.close()
        server.pre_shutdown()
        await server.shutdown(_STOP_SECONDS)
        connections.close()


def _answering(pages: Mapping[str, Handler], guard: Guard) -> Handler:
    """Return what answers a request; nothing of the request is in an answer, and the connection ends with it."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if isinstance(request.protocol, Connection):
            request.protocol.begin()
        response = await _answer(request, pages, guard)
        response.force_close()
        return response

    return answer


async def _answer(request: web.BaseRequest, pages: Mapping[str, Handler], guard: Guard) -> web.StreamResponse:
    if request.path not in _FOR_EVERYBODY and not _may(request.headers.get("Authorization", ""), guard):
        return web.Response(status=401, headers=_WHO, text="expected the user and the password of the metrics\n")
    if request.path not in pages:
        return web.Response(status=404, text=f"expected one of {', '.join(sorted(pages))}\n")
    if request.method not in _METHODS:
        return web.Response(status=405, headers={"Allow": ", ".join(_METHODS)}, text="expected GET or HEAD\n")
    return await pages[request.path](request)


def _may(authorization: str, guard: Guard) -> bool:
    """Whether a request says user and password; how long that takes does not tell how near a guess is."""
    if not guard.password:
        return True
    scheme, _, code = authorization.partition(" ")
    try:
        given = b64decode(code, validate=True)
    except ValueError:
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(given, f"{guard.user}:{guard.password}".encode())
