"""The small HTTP server of a process: over TLS and for one user where it is told so."""

import hmac
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from streams.contract.guard import Guard

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_FOR_EVERYBODY: Final = frozenset({"/healthz", "/readyz"})
"""What a supervisor asks, who has no password; nothing in the answers is a figure."""
_WHO: Final = {"WWW-Authenticate": 'Basic realm="safeclock", charset="UTF-8"'}


@asynccontextmanager
async def served(pages: Mapping[str, Handler], host: str, port: int, guard: Guard) -> AsyncIterator[int]:
    """Serve `pages`, by their paths, for the block and yield the port; port 0 is any free one."""
    site: Any = web.Application(middlewares=[_asking(guard)])
    site.add_routes([web.get(path, handler) for path, handler in pages.items()])
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    listener = web.TCPSite(runner, host, port, ssl_context=guard.context())
    await listener.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _asking(guard: Guard) -> Any:  # noqa: ANN401 - aiohttp's middlewares are marked by a decorator
    @web.middleware
    async def ask(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in _FOR_EVERYBODY or _may(request.headers.get("Authorization", ""), guard):
            return await handler(request)
        return web.Response(status=401, headers=_WHO, text="expected the user and the password of the metrics\n")

    return ask


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
