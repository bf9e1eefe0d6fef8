"""Ports for brokers of our own."""

import random
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"
# Below the ports that systems give to outgoing connections (Linux from 32768, others from 49152): there a client that
# tries again and again to reach a stopped broker could take the broker's port, even by connecting to itself.
_PORT_RANGE: Final = range(20_000, 32_000)
_RANDOM: Final = random.SystemRandom()
_used_ports: Final[set[int]] = set()


def free_port() -> int:
    """Return a TCP port of loopback that nobody holds at the moment; never the same one twice.

    Raises OSError when there is none.
    """
    for port in _RANDOM.sample(_PORT_RANGE, len(_PORT_RANGE)):
        if port not in _used_ports and _is_free(port):
            _used_ports.add(port)
            return port
    raise OSError(f"expected a free port of {LOOPBACK} from {_PORT_RANGE.start} to {_PORT_RANGE.stop - 1}, found none")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
