"""Health for everybody, figures for who has the password, both over TLS; a real Prometheus has it."""

import asyncio
import datetime as dt
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from dashboards.board.endpoints import Endpoints
from dashboards.board.endpoints import serve as board_served
from dashboards.board.inputs.freshness import Freshness
from dashboards.board.snapshot import Snapshot
from streams.contract.settings.http_security import HttpSecurity
from streams.runtime.health import Health
from streams.runtime.health import serve_health as worker_served
from streams.runtime.stats import WorkerStats
from tests.support.broker.ports import LOOPBACK
from tests.support.broker.security.certificates import CertificateAuthority
from tests.support.monitoring.prometheus import prometheus_for_targets

USER, PASSWORD = "prometheus", "hush-hush-pässword"
PUBLIC_PAGES, PROTECTED_PAGES = ("/healthz", "/readyz"), ("/metrics", "/anything")


class SecuredPages(NamedTuple):
    """A guard, and the authority that signed its certificate."""

    guard: HttpSecurity
    ca_file: Path

    def client_context(self) -> ssl.SSLContext:
        """Return what a client needs to know."""
        return ssl.create_default_context(cafile=self.ca_file)


@pytest.fixture(scope="module")
def secured_pages(tmp_path_factory: pytest.TempPathFactory) -> SecuredPages:
    folder = tmp_path_factory.mktemp("pages")
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - OpenSSL reads the clock
    authority = CertificateAuthority(folder, "authority", now)
    pair = authority.issue("pages", LOOPBACK)
    guard = HttpSecurity(cert_file=pair.cert_file, key_file=pair.key_file, user=USER, password=PASSWORD)
    return SecuredPages(guard, authority.file)


Serve = Callable[[HttpSecurity], AbstractAsyncContextManager[int]]


def serve_worker(guard: HttpSecurity) -> AbstractAsyncContextManager[int]:
    return worker_served(Health(WorkerStats(rebalances=1), lambda: 0), LOOPBACK, 0, guard)


def serve_board(guard: HttpSecurity) -> AbstractAsyncContextManager[int]:
    fresh = Freshness(None, None, frozenset(), ("nothing yet",))
    snapshot = Snapshot({"safeclock_partitions_expected": {(): 2.0}})
    return board_served(Endpoints(lambda: fresh, lambda: snapshot), LOOPBACK, 0, guard)


each_process = pytest.mark.parametrize("serve", [serve_worker, serve_board])


def authorization_header(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


async def status(site: SecuredPages, port: int, path: str, authorization: str | None = None) -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    address = f"https://{LOOPBACK}:{port}{path}"
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.get(address, ssl=site.client_context()) as answer,
    ):
        body = await answer.text()
    refused = answer.headers.get("WWW-Authenticate", "").startswith("Basic ")
    assert (answer.status == 401) == refused
    assert not refused or "safeclock_" not in body
    return answer.status


@each_process
async def test_health_is_for_everybody_and_figures_for_who_has_the_password(
    secured_pages: SecuredPages, serve: Serve
) -> None:
    own = authorization_header(USER, PASSWORD)
    async with serve(secured_pages.guard) as port:
        assert [await status(secured_pages, port, path) for path in PUBLIC_PAGES] in ([200, 200], [200, 503])
        assert [await status(secured_pages, port, path) for path in PROTECTED_PAGES] == [401, 401]
        assert [await status(secured_pages, port, path, own) for path in PROTECTED_PAGES] == [200, 404]


@pytest.mark.parametrize(
    ("user", "password"),
    [(USER, ""), (USER, PASSWORD[:-1]), (USER, f"{PASSWORD}!"), ("", PASSWORD), ("admin", PASSWORD)],
)
async def test_nearly_right_is_wrong(secured_pages: SecuredPages, user: str, password: str) -> None:
    async with serve_worker(secured_pages.guard) as port:
        assert await status(secured_pages, port, "/metrics", authorization_header(user, password)) == 401


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Bearer abc", "Basic ////", "Negotiate YTpi"])
async def test_what_is_no_password_at_all_is_refused_and_breaks_nothing(
    secured_pages: SecuredPages, header: str
) -> None:
    async with serve_worker(secured_pages.guard) as port:
        assert await status(secured_pages, port, "/metrics", header) == 401


async def test_over_tls_nothing_is_served_without_it(secured_pages: SecuredPages) -> None:
    async with serve_worker(secured_pages.guard) as port, aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientError):
            await client.get(f"http://{LOOPBACK}:{port}/healthz")


async def test_a_password_without_tls_is_asked_for_on_loopback(secured_pages: SecuredPages) -> None:
    guard = replace(secured_pages.guard, cert_file=None, key_file=None)
    async with (
        serve_worker(guard) as port,
        aiohttp.ClientSession() as client,
        client.get(f"http://{LOOPBACK}:{port}/metrics") as answer,
    ):
        assert answer.status == 401


@contextmanager
def served_in_thread(serve: Serve, guard: HttpSecurity) -> Iterator[int]:
    """Serve pages beside this thread, which asks them."""
    started, stop = threading.Event(), asyncio.Event()
    running: dict[str, tuple[asyncio.AbstractEventLoop, int]] = {}

    async def run() -> None:
        async with serve(guard) as port:
            running["here"] = (asyncio.get_running_loop(), port)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert started.wait(60)
    loop, port = running["here"]
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def test_prometheus_scrapes_both_with_what_operate_md_tells_it(secured_pages: SecuredPages, tmp_path: Path) -> None:
    password_file = tmp_path / "password"
    password_file.write_text(PASSWORD, encoding="utf-8")
    scrape = {
        "scheme": "https",
        "tls_config": {"ca_file": str(secured_pages.ca_file)},
        "basic_auth": {"username": USER, "password_file": str(password_file)},
    }

    with (
        served_in_thread(serve_worker, secured_pages.guard) as worker,
        served_in_thread(serve_board, secured_pages.guard) as board,
        prometheus_for_targets([f"{LOOPBACK}:{worker}", f"{LOOPBACK}:{board}"], scrape=scrape) as prometheus,
    ):
        rebalances = prometheus.query("safeclock_worker_rebalances_total")
        expected = prometheus.query("safeclock_partitions_expected")

    assert list(rebalances.values()) == [1.0]
    assert list(expected.values()) == [2.0]
