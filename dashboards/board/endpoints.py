"""The board's HTTP pages: liveness, readiness and metrics."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from dashboards.board.exposition import CachedExposition
from dashboards.board.inputs.freshness import Freshness
from dashboards.board.snapshot import Snapshot
from streams.contract.settings.http_security import HttpSecurity
from streams.edge.http_server import server as site


class Endpoints:
    """Answers the three pages; `freshness` and `snapshot` return the board's current state."""

    def __init__(self, freshness: Callable[[], Freshness], snapshot: Callable[[], Snapshot]) -> None:
        self._freshness = freshness
        self._snapshot = snapshot
        self._exposition = CachedExposition()

    async def healthz(self, _: web.BaseRequest) -> web.Response:
        """Answer 200 while the event loop runs: an error in the loop ends the process."""
        return web.Response(text="ok\n")

    async def readyz(self, _: web.BaseRequest) -> web.Response:
        """Answer 200 once every partition was read to its end and figures are exported, even old ones; 503 before.

        The lines of the page are the reasons why the figures are stale.
        """
        fresh = self._freshness()
        has_figures = bool(self._snapshot().histograms)
        reasons = fresh.reasons or (() if has_figures else ("the first figures are being computed",))
        return web.Response(status=200 if has_figures else 503, text="\n".join(reasons or ("ok",)) + "\n")

    async def metrics(self, _: web.BaseRequest) -> web.Response:
        """Answer with the board's metrics; a thread renders them, since there are thousands of series."""
        body = await asyncio.to_thread(self._exposition.render, self._snapshot())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


@asynccontextmanager
async def serve(pages: Endpoints, host: str, port: int, security: HttpSecurity) -> AsyncIterator[int]:
    """Serve the pages while the block runs and yield the port; port 0 chooses a free port."""
    named = {"/healthz": pages.healthz, "/readyz": pages.readyz, "/metrics": pages.metrics}
    async with site.serve(named, host, port, security) as taken:
        yield taken
