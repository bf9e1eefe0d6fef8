"""A secured broker with everything that `admin apply` sets up for two platforms, and processes on it."""

import os
import ssl
import subprocess
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Final, NamedTuple

from typing_extensions import override

from producers.publisher.identity import Identity
from producers.publisher.publisher import Publisher
from producers.publisher.settings import PublisherSettings
from streams.contract.registry.file import read_registry
from tests.support.broker.ports import LOOPBACK
from tests.support.broker.security.secured_kafka import SecuredKafka
from tests.support.paths import ROOT
from tests.support.process.admin_terminal import open_terminal
from tests.support.process.running_process import SAFECLOCK, SafeclockProcess

PASSWORDS: Final = {
    "harbor": "hush-harbor-7f3a",
    "lantern": "hush-lantern-91c2",
    "safeclock-worker": "hush-worker-55d0",
    "safeclock-board": "hush-board-e2b8",
}
SCRAPER, SCRAPER_PASSWORD = "prometheus", "hush-scraper-4d17"
APPLICATION: Final = "behind-tls"


class CommandResult(NamedTuple):
    """What became of a command; `shown` is all that it printed and what the system shows of it."""

    code: int
    output: str
    seconds: float


class SecuredProcess(SafeclockProcess):
    """A process whose pages are behind TLS and a password."""

    ca_file: Path

    @override
    def _connect(self) -> HTTPConnection:
        context = ssl.create_default_context(cafile=self.ca_file)
        return HTTPSConnection(LOOPBACK, self.port, timeout=10, context=context)

    @override
    def _headers(self) -> dict[str, str]:
        code = b64encode(f"{SCRAPER}:{SCRAPER_PASSWORD}".encode()).decode()
        return {"Authorization": f"Basic {code}"}


class SecuredChain:
    """The broker set up, who may do what, and where each user's password lies."""

    def __init__(self, secured: SecuredKafka, folder: Path) -> None:
        self.secured = secured
        self.folder = folder
        self.passwords = folder / "passwords"
        self.passwords.mkdir()
        for user, password in PASSWORDS.items():
            (self.passwords / user).write_text(f"{password}\n", encoding="utf-8")
        (folder / "scraper").write_text(f"{SCRAPER_PASSWORD}\n", encoding="utf-8")
        self.admin_terminal = open_terminal(folder, APPLICATION, secured.operator_environment())
        self.apply_plan = self.admin_terminal.run_successfully("admin", "apply", *self.plan_arguments)

    @property
    def plan_arguments(self) -> tuple[str | Path, ...]:
        """The flags of `admin plan` and `admin apply`."""
        return "--replication", "1", "--passwords", self.passwords

    def registry(self, *platforms: str) -> Path:
        """Return a registry of these platforms alone, as each of them is given one."""
        head, *parts = (
            Path(self.admin_terminal.environment["SAFECLOCK_REGISTRY"]).read_text("utf-8").split("[[platforms]]")
        )
        kept = [part for part in parts if any(f'id = "{platform}"' in part for platform in platforms)]
        file = self.folder / f"{'-'.join(platforms)}.toml"
        file.write_text("[[platforms]]".join([head, *kept]), encoding="utf-8")
        return file

    def environment(self, user: str) -> dict[str, str]:
        """Return what a process of ours is told that signs in as `user`."""
        return {
            **{name: self.admin_terminal.environment[name] for name in ("SAFECLOCK_APPLICATION", "SAFECLOCK_REGISTRY")},
            **self.secured.environment(user, PASSWORDS[user]),
        }

    def page_environment(self) -> dict[str, str]:
        """Return what a process is told whose pages may leave the machine."""
        pair = self.secured.authority.issue("pages", LOOPBACK)
        return {
            "SAFECLOCK_HTTP_HOST": "0.0.0.0",  # noqa: S104 - that is what the guard is for
            "SAFECLOCK_HTTP_CERT_FILE": str(pair.cert_file),
            "SAFECLOCK_HTTP_KEY_FILE": str(pair.key_file),
            "SAFECLOCK_HTTP_USER": SCRAPER,
            "SAFECLOCK_HTTP_PASSWORD_FILE": str(self.folder / "scraper"),
        }

    def start_process(self, command: str, user: str) -> SecuredProcess:
        """Start a worker or a board."""
        environment = {**self.environment(user), **self.page_environment()}
        part = SecuredProcess((*SAFECLOCK, command), environment, self.folder / f"{command}-{time.monotonic_ns()}.log")
        part.ca_file = self.secured.authority.file
        return part

    def publisher_environment(self, user: str, password: str = "") -> dict[str, str]:
        """Return what a platform's publisher is told."""
        own = self.secured.environment(user, password or PASSWORDS[user])
        return {name.replace("SAFECLOCK_", "SAFECLOCK_PUBLISH_"): text for name, text in own.items()}

    def publisher(self, user: str, platform: str) -> Publisher:
        """Connect as `user` to publish for `platform`."""
        settings = PublisherSettings.from_environment(
            {
                **self.publisher_environment(user),
                "SAFECLOCK_PUBLISH_BLOCK_MS": "5000",
                "SAFECLOCK_PUBLISH_LINGER_MS": "0",
            }
        )
        return Publisher(
            settings, read_registry(self.registry(platform)), Identity(platform=platform, key_id="k1", secret=b"s" * 32)
        )


def run_to_end(environment: Mapping[str, str], *arguments: str | Path, timeout_seconds: float = 30.0) -> CommandResult:
    """Run a command of Safeclock in a process of its own to its end, which must come within some seconds."""
    command: Sequence[str] = [*SAFECLOCK, *map(str, arguments)]
    began = time.monotonic()
    given = {**os.environ, **environment}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    shown = ""
    while not shown and process.poll() is None:  # in the moment of its start there is nothing to be seen
        shown = Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    try:
        printed, _ = process.communicate(timeout=timeout_seconds)
    finally:
        process.kill()
        process.wait()
    return CommandResult(process.returncode, printed + shown, time.monotonic() - began)
