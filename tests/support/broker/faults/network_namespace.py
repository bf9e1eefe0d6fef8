"""A network of our own between tests and a broker, with a link that a test can cut and mend."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

# Set aside for measurements between networks (RFC 2544): on no network that a machine could mean.
_NETWORK: Final = IPv4Network("198.18.0.0/15")
_RANDOM: Final = random.SystemRandom()


class NamespaceUnavailableError(Exception):
    """No network can be made here: the message says what is missing."""


@dataclass(frozen=True)
class NetworkNamespace:
    """A network namespace behind one link; what is run with `command_prefix` is reached at `host`, and only over the link.

    `host` belongs to the namespace's own loopback, so that a broker there still reaches itself when the link is cut, as
    a machine does whose cable was pulled.
    """

    name: str
    network: IPv4Network

    @property
    def host(self) -> str:
        """The address that processes in the namespace listen on."""
        return str(self.network[5])

    @property
    def command_prefix(self) -> tuple[str, ...]:
        """What a command is run by to be in the namespace."""
        return ("ip", "netns", "exec", self.name)

    def cut(self) -> None:
        """Cut the link: packets of both directions vanish, and no connection is told."""
        _ip(f"-n {self.name} link set inside down")

    def restore(self) -> None:
        """Mend the link."""
        _ip(f"-n {self.name} link set inside up")

    def create(self) -> None:
        """Make the namespace and its link."""
        outside, inside, prefix = self.network[1], self.network[2], self.network.prefixlen
        _ip(f"netns add {self.name}")
        _ip(f"link add {self.name} type veth peer name inside netns {self.name}")
        _ip(f"-n {self.name} link set lo up")
        _ip(f"-n {self.name} address add {self.host}/32 dev lo")
        _ip(f"-n {self.name} address add {inside}/{prefix} dev inside")
        _ip(f"address add {outside}/{prefix} dev {self.name}")
        self.restore()
        _ip(f"link set {self.name} up")
        _ip(f"route add {self.host}/32 via {inside} dev {self.name}")
        # Should the link be lost, nothing meant for the namespace may take another way.
        _ip(f"route add unreachable {self.network} metric 4000")

    def remove(self) -> None:
        """Remove the namespace, its link and its routes; those that were never made are none of our business."""
        for arguments in (f"route del unreachable {self.network}", f"link del {self.name}", f"netns del {self.name}"):
            subprocess.run(["ip", *arguments.split()], capture_output=True, check=False)


@contextmanager
def network_namespace() -> Iterator[NetworkNamespace]:
    """Make a network namespace for the block, joined to ours by a pair of virtual cards.

    Raises NamespaceUnavailableError without root or the program `ip`, or where the system allows none.
    """
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise NamespaceUnavailableError("expected root and ip (Debian: apt-get install iproute2) to make a network")
    made = NetworkNamespace(f"clock{_RANDOM.randrange(16**6):06x}", _free_network())
    try:
        made.create()
        yield made
    finally:
        made.remove()


def _free_network() -> IPv4Network:
    networks = list(_NETWORK.subnets(new_prefix=29))
    while True:
        chosen = _RANDOM.choice(networks)
        if not _ip(f"address show to {chosen}"):
            return chosen


def _ip(arguments: str) -> str:
    done = subprocess.run(["ip", *arguments.split()], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NamespaceUnavailableError(f"ip {arguments}: {done.stderr.strip()}")
    return done.stdout
