"""Clients that send nothing, too slowly, too much or for ever: they are cut off, and a liveness probe is answered."""

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from aiohttp import web

from streams.edge.http_server import listener
from streams.edge.http_server.connections import ConnectionLimits
from tests.support.broker.ports import LOOPBACK
from tests.system.http.page_server import (
    LOOPS,
    Certificate,
    PageServer,
    certificate,
    is_open,
    read_until_closed,
    running_server,
)

SHORT_LIMITS = ConnectionLimits(max_connections=4, request_seconds=0.3, answer_seconds=0.6)
FOUR_CONNECTIONS = ConnectionLimits(max_connections=4)
LARGE_PAGE = b"x" * (32 << 20)
"""More than the buffers of a connection hold."""


async def health_page(_: web.BaseRequest) -> web.Response:
    return web.Response(text="ok\n")


async def large_page(_: web.BaseRequest) -> web.Response:
    return web.Response(body=LARGE_PAGE)


PAGES = {"/healthz": health_page, "/metrics": large_page}


@pytest.fixture(scope="module", name="certificate")
def _certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=[(loop, tls) for loop in LOOPS for tls in (False, True)], ids=lambda one: f"{one[0]}-{one[1]}")
def site(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[PageServer]:
    loop, tls = request.param
    with running_server(PAGES, loop, SHORT_LIMITS, certificate.guard if tls else None) as port:
        yield PageServer(port, certificate.client_context if tls else None)


def nothing(_client: socket.socket) -> None:
    """Send nothing."""


def half_a_line(client: socket.socket) -> None:
    client.sendall(b"GET /heal")


def half_the_headers(client: socket.socket) -> None:
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n")


def a_byte_at_a_time(client: socket.socket) -> None:
    client.settimeout(0.01)
    try:
        client.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        while True:
            client.sendall(b"x")
            try:
                if not client.recv(1):
                    return
            except TimeoutError:
                pass
    except OSError:
        return


def a_body_without_an_end(client: socket.socket) -> None:
    client.sendall(b"POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000000\r\n\r\n")


def a_chunk_without_an_end(client: socket.socket) -> None:
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\nx")


def an_upgrade(client: socket.socket) -> None:
    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")


@pytest.mark.parametrize(
    "begin",
    [
        nothing,
        half_a_line,
        half_the_headers,
        a_byte_at_a_time,
        a_body_without_an_end,
        a_chunk_without_an_end,
        an_upgrade,
    ],
)
def test_a_client_that_does_not_finish_its_request_is_closed(
    site: PageServer, begin: Callable[[socket.socket], None]
) -> None:
    with closing(site.open_connection()) as client:
        begin(client)

        read_until_closed(client)

    assert site.get("/healthz").endswith(b"ok\n")


def test_a_client_that_begins_a_handshake_and_no_more_is_closed(certificate: Certificate) -> None:
    hello = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        certificate.client_context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname=LOOPBACK).do_handshake()
    first = hello.read()

    for loop in LOOPS:
        with running_server(PAGES, loop, SHORT_LIMITS, certificate.guard) as port:
            for sent in (b"", first[: len(first) // 2], first):
                with closing(PageServer(port).connect()) as client:
                    client.sendall(sent)
                    read_until_closed(client)


def test_a_client_that_does_not_read_its_answer_is_closed(site: PageServer) -> None:
    with closing(site.open_connection()) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
        site_is_free = [site.get("/healthz") for _ in range(3)]
        client.settimeout(20)
        try:
            while client.send(b"x") and not closed_by_server(client):
                pass
        except OSError:
            pass

    assert all(answer.endswith(b"ok\n") for answer in site_is_free)


def closed_by_server(client: socket.socket) -> bool:
    """Return whether the system reports a connection as closed, without reading what came over it."""
    state = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state != 1  # ESTABLISHED


@pytest.mark.parametrize("loop", LOOPS)
def test_a_liveness_probe_is_answered_beside_any_number_of_idle_connections(loop: str) -> None:
    with running_server(PAGES, loop, FOUR_CONNECTIONS) as port, ExitStack() as stack:
        site = PageServer(port)
        idle = [stack.enter_context(closing(site.connect())) for _ in range(100)]

        answers = [site.get("/healthz") for _ in range(5)]
        still_open = sum(map(is_open, idle))

    assert all(answer.endswith(b"ok\n") for answer in answers)
    assert still_open <= FOUR_CONNECTIONS.max_connections


@pytest.mark.parametrize("loop", LOOPS)
def test_begun_handshakes_count_as_connections(loop: str, certificate: Certificate) -> None:
    with running_server(PAGES, loop, FOUR_CONNECTIONS, certificate.guard) as port, ExitStack() as stack:
        site = PageServer(port, certificate.client_context)
        idle = [stack.enter_context(closing(site.connect())) for _ in range(100)]

        answer = site.get("/healthz")
        still_open = sum(map(is_open, idle))

    assert answer.endswith(b"ok\n")
    assert still_open <= FOUR_CONNECTIONS.max_connections


@pytest.mark.parametrize("loop", LOOPS)
def test_a_flood_of_one_client_does_not_close_the_connection_of_another(loop: str) -> None:
    with running_server(PAGES, loop, FOUR_CONNECTIONS) as port, ExitStack() as stack:
        site = PageServer(port)
        other = stack.enter_context(closing(site.connect("127.0.0.2")))
        for _ in range(100):
            stack.enter_context(closing(site.connect()))

        other.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")

        assert read_until_closed(other).endswith(b"ok\n")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("loop", LOOPS)
def test_an_answer_that_is_under_way_is_not_given_up_for_idle_connections(
    loop: str, certificate: Certificate, *, tls: bool
) -> None:
    with (
        running_server(PAGES, loop, FOUR_CONNECTIONS, certificate.guard if tls else None) as port,
        ExitStack() as stack,
    ):
        site = PageServer(port, certificate.client_context if tls else None)
        client = stack.enter_context(closing(site.open_connection()))
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
        client.recv(1)
        for _ in range(20):
            stack.enter_context(closing(site.connect()))

        answer = read_until_closed(client)

    assert len(answer) > len(LARGE_PAGE)


def test_what_clients_cause_is_logged_once_and_not_once_a_client(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        running_server(PAGES, "asyncio", FOUR_CONNECTIONS) as port,
        ExitStack() as stack,
    ):
        site = PageServer(port)
        for _ in range(50):
            site.send_request(b"garbage\r\n\r\n")
            stack.enter_context(closing(site.connect()))

        site.get("/healthz")

    ours = [record.getMessage() for record in caplog.records if record.name.startswith("streams.edge")]
    assert len(ours) == len(set(ours)) == 2


def test_a_name_with_several_addresses_is_served_at_all_of_them() -> None:
    found = {found[4][0] for found in socket.getaddrinfo("localhost", 1, type=socket.SOCK_STREAM)}
    with running_server(PAGES, "asyncio", FOUR_CONNECTIONS, host="localhost") as port:
        for address in found:
            with closing(socket.create_connection((str(address), port), 20)) as client:
                client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                assert read_until_closed(client).endswith(b"ok\n")


async def test_an_address_of_a_name_that_is_not_here_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def both(_host: str, port: int) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, 0, 0, "", (address, port)) for address in ("192.0.2.1", LOOPBACK)]

    monkeypatch.setattr(listener, "_resolve", both)

    found = await listener.bind("somewhere", 0)

    assert [one.getsockname()[0] for one in found] == [LOOPBACK]
    found[0].close()
