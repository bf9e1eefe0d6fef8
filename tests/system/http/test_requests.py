"""What a client sends stands in no answer and in no log, however wrong it is; the pages stay what they are."""

import logging
from base64 import b64encode
from collections.abc import Iterator

import pytest
from aiohttp import web

from streams.contract.settings.http_security import HttpSecurity
from streams.edge.http_server.connections import ConnectionLimits
from tests.system.http.page_server import LOOPS, Certificate, PageServer, certificate, running_server

CANARY = "canary-S3cr3t-31337"
CANARY_CREDENTIALS = b64encode(f"scrape:{CANARY}".encode())
BASIC = b"Basic " + CANARY_CREDENTIALS
PAGE_REQUEST = b"GET /metrics HTTP/1.1\r\nHost: here\r\n"


async def metrics_page(_: web.BaseRequest) -> web.Response:
    return web.Response(text="figures\n")


async def failing_page(_: web.BaseRequest) -> web.Response:
    raise ValueError(f"a bug that quotes {CANARY}")


PAGES = {"/metrics": metrics_page, "/healthz": metrics_page, "/broken": failing_page}


@pytest.fixture(scope="module", name="certificate")
def _certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("certificate"), user="scrape", password=CANARY)


@pytest.fixture(params=LOOPS)
def site(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[PageServer]:
    with (
        caplog.at_level(logging.DEBUG),
        running_server(PAGES, request.param, ConnectionLimits(), HttpSecurity(user="scrape", password=CANARY)) as port,
    ):
        yield PageServer(port)


HEADERS = {
    "a control character": b"Authorization: " + BASIC + b"\x01\r\n",
    "a zero byte": b"Authorization: " + BASIC + b"\x00\r\n",
    "a bare carriage return": b"Authorization: " + BASIC + b"\rX\r\n",
    "a blank in the name": b"Authorization : " + BASIC + b"\r\n",
    "no colon": b"Authorization " + BASIC + b"\r\n",
    "no name": b": " + BASIC + b"\r\n",
    "too long": b"Authorization: " + BASIC + b"=" * 9000 + b"\r\n",
    "far too long": b"Authorization: " + BASIC * 10_000 + b"\r\n",
    "a bare line feed": b"Authorization: " + BASIC + b"\n",
    "continued on the next line": b"Authorization:\r\n " + BASIC + b"\r\n",
    "two of them": b"Authorization: Basic x\r\nAuthorization: Basic " + CANARY_CREDENTIALS[:-4] + b"\r\n",
    "not ASCII": b"Authorization: Basic \xff\xfe" + CANARY_CREDENTIALS + b"\r\n",
    "another scheme": b"Authorization: Bearer " + CANARY_CREDENTIALS + b"\r\n",
    "a wrong password": b"Authorization: Basic " + b64encode(f"scrape:{CANARY}!".encode()) + b"\r\n",
    "an expectation": b"Expect: " + CANARY_CREDENTIALS + b"\r\n",
    "an upgrade": b"Connection: Upgrade\r\nUpgrade: " + CANARY_CREDENTIALS + b"\r\n",
    "a length that is none": b"Content-Length: " + CANARY_CREDENTIALS + b"\r\n",
    "two lengths": b"Content-Length: 1\r\nContent-Length: 2\r\nX: " + CANARY_CREDENTIALS + b"\r\n",
    "a length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\nX: " + CANARY_CREDENTIALS + b"\r\n",
    "an encoding that is none": b"Transfer-Encoding: " + CANARY_CREDENTIALS + b"\r\n",
    "chunks that are none": b"Transfer-Encoding: chunked\r\n\r\n" + CANARY_CREDENTIALS + b"\r\n",
    "too many": b"".join(b"X%d: %s\r\n" % (number, CANARY_CREDENTIALS) for number in range(200)),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_request_without_the_password_in_good_order_is_refused_in_silence(
    site: PageServer, caplog: pytest.LogCaptureFixture, header: bytes
) -> None:
    answer = site.send_request(PAGE_REQUEST + header + b"\r\n")

    assert answer.split(b"\r\n")[0].split(b" ")[1] in {b"400", b"401"}
    assert_canary_hidden(answer, caplog)


REQUESTS = {
    "another method": b"DELETE /healthz?p=%s HTTP/1.1\r\nHost: here\r\n\r\n",
    "a method that is none": b"%s /healthz HTTP/1.1\r\nHost: here\r\n\r\n",
    "an unknown path": b"GET /%s HTTP/1.1\r\nHost: here\r\nAuthorization: " + BASIC + b"\r\n\r\n",
    "an unknown path, unasked": b"GET /%s HTTP/1.1\r\nHost: here\r\n\r\n",
    "a path that is no text": b"GET /%%ff%%00%s HTTP/1.1\r\nHost: here\r\n\r\n",
    "a path with a percent sign": b"GET /%%%s HTTP/1.1\r\nHost: here\r\n\r\n",
    "a very long path": b"GET /" + b"x" * 20_000 + b"%s HTTP/1.1\r\nHost: here\r\n\r\n",
    "a whole address": b"GET http://scrape:%s@here/metrics HTTP/1.1\r\nHost: here\r\n\r\n",
    "an address that is none": b"GET http://[%s HTTP/1.1\r\nHost: here\r\n\r\n",
    "a port that is none": b"GET http://here:%s/ HTTP/1.1\r\nHost: here\r\n\r\n",
    "a tunnel": b"CONNECT %s:443 HTTP/1.1\r\nHost: here\r\n\r\n",
    "no protocol": b"GET /%s\r\n\r\n",
    "another protocol": b"GET / %s/9.9\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n%s",
    "garbage": b"\x16\x03\x01%s\r\n\r\n",
    "garbage behind a request": b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n%s : \x00\r\n\r\n" * 50,
    "garbage behind an upgrade": (
        b"GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n%s\x00\r\n"
    ),
    "a body that is not what it says": (
        b"POST /healthz HTTP/1.1\r\nHost: here\r\nContent-Encoding: gzip\r\nContent-Length: 19\r\n\r\n%s"
    ),
}


@pytest.mark.parametrize("secret", [CANARY.encode(), CANARY_CREDENTIALS], ids=["plain", "code"])
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_nothing_of_a_request_is_in_an_answer_or_in_the_log(
    site: PageServer, caplog: pytest.LogCaptureFixture, request_: bytes, secret: bytes
) -> None:
    answer = site.send_request(request_.replace(b"%s", secret).replace(b"%%", b"%"))

    assert_canary_hidden(answer, caplog)
    assert site.get("/healthz").endswith(b"figures\n")


def test_a_page_that_fails_is_reported_by_its_place_alone(site: PageServer, caplog: pytest.LogCaptureFixture) -> None:
    answer = site.send_request(b"GET /broken HTTP/1.1\r\nHost: here\r\nAuthorization: " + BASIC + b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert "a page failed: ValueError at " in caplog.text
    assert __file__ in caplog.text
    assert_canary_hidden(answer, caplog)


def test_who_has_the_password_gets_the_page_and_hears_what_else_there_is(site: PageServer) -> None:
    own = b"Host: here\r\nAuthorization: " + BASIC + b"\r\n\r\n"

    assert site.send_request(b"GET /metrics HTTP/1.1\r\n" + own).endswith(b"\r\n\r\nfigures\n")
    assert site.send_request(b"HEAD /metrics HTTP/1.1\r\n" + own).endswith(b"\r\n\r\n")
    assert b" 405 " in site.send_request(b"POST /metrics HTTP/1.1\r\n" + own)
    assert site.send_request(b"GET /other HTTP/1.1\r\n" + own).endswith(
        b"expected one of /broken, /healthz, /metrics\n"
    )


def test_a_request_that_is_no_tls_is_refused_in_silence(
    certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    for loop in LOOPS:
        with caplog.at_level(logging.DEBUG), running_server(PAGES, loop, ConnectionLimits(), certificate.guard) as port:
            answer = PageServer(port).send_request(PAGE_REQUEST + b"Authorization: " + BASIC + b"\r\n\r\n")
            assert b"figures" not in answer
            assert_canary_hidden(answer, caplog)


def assert_canary_hidden(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Fail when the canary, or its code, is in an answer or in the log."""
    for one in (CANARY, CANARY_CREDENTIALS.decode()):
        assert one.encode() not in answer
        assert one not in caplog.text
        assert not [record for record in caplog.records if one in repr(record.args)]
