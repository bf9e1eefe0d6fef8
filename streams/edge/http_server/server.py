"""The small HTTP server of a process, with optional TLS and one optional user."""

import hmac
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from streams.contract.settings.http_security import HttpSecurity
from streams.edge.http_server.connections import Connection, ConnectionLimits, Connections
from streams.edge.http_server.listener import Acceptor, bind

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_PUBLIC_PATHS: Final = frozenset({"/healthz", "/readyz"})
"""Paths that need no password, since supervisors have none; the answers contain no figures."""
_AUTHENTICATE_HEADERS: Final = {"WWW-Authenticate": 'Basic realm="safeclock", charset="UTF-8"'}
_METHODS: Final = ("GET", "HEAD")
_LIMITS: Final = ConnectionLimits()
_STOP_SECONDS: Final = 0.5
"""How long running answers may take when the process stops."""


@asynccontextmanager
async def serve(
    pages: Mapping[str, Handler], host: str, port: int, security: HttpSecurity, limits: ConnectionLimits = _LIMITS
) -> AsyncIterator[int]:
    """Serve `pages`, by their paths, during the block and yield the port; port 0 means any free port.

    Raises AddressError, which names the setting, if the address cannot be bound.
    """
    server = web.Server(_request_handler(pages, security), handler_cancellation=True)
    connections = Connections(limits)
    acceptor = Acceptor(server, connections, security.ssl_context())
    listeners = await bind(host, port)
    for listener in listeners:
        acceptor.listen(listener)
    try:
        yield listeners[0].getsockname()[1]
    finally:
        await acceptor.close()
        server.pre_shutdown()
        await server.shutdown(_STOP_SECONDS)
        connections.close()


def _request_handler(pages: Mapping[str, Handler], security: HttpSecurity) -> Handler:
    """Return the handler of all requests; an answer repeats nothing of its request and closes the connection."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if isinstance(request.protocol, Connection):
            request.protocol.start_answer_timer()
        response = await _respond(request, pages, security)
        response.force_close()
        return response

    return answer


async def _respond(
    request: web.BaseRequest, pages: Mapping[str, Handler], security: HttpSecurity
) -> web.StreamResponse:
    if request.path not in _PUBLIC_PATHS and not _is_authorized(request.headers.get("Authorization", ""), security):
        return web.Response(
            status=401, headers=_AUTHENTICATE_HEADERS, text="expected the user and the password of the metrics\n"
        )
    if request.path not in pages:
        return web.Response(status=404, text=f"expected one of {', '.join(sorted(pages))}\n")
    if request.method not in _METHODS:
        return web.Response(status=405, headers={"Allow": ", ".join(_METHODS)}, text="expected GET or HEAD\n")
    return await pages[request.path](request)


def _is_authorized(authorization: str, security: HttpSecurity) -> bool:
    """Return whether a request has the right user and password; the comparison takes the same time for every guess."""
    if not security.password:
        return True
    scheme, _, encoded = authorization.partition(" ")
    try:
        credentials = b64decode(encoded, validate=True)
    except ValueError:
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(
        credentials, f"{security.user}:{security.password}".encode()
    )
