"""The whole way of an alert: a real Prometheus, a real Alertmanager, and somebody who is told over a webhook."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import monotonic
from typing import Any, NamedTuple

from typing_extensions import override

from dashboards.rules.alert import STALE_SECONDS, Alert
from tests.support.broker.ports import free_port
from tests.support.components import program_path
from tests.support.monitoring.prometheus import Prometheus, prometheus_with_config, wait_for
from tests.support.monitoring.scaled_rules import scale_routes, scale_rules


class Notification(NamedTuple):
    """What a receiver was told: which alerts of which platforms fire or ended, and when, in monotonic seconds."""

    receiver: str
    status: str
    alerts: frozenset[tuple[str, str]]
    at: float


class NotificationInbox:
    """Everything that was told since the start, in order."""

    def __init__(self) -> None:
        self.notifications: list[Notification] = []

    def add(self, receiver: str, body: Mapping[str, Any]) -> None:
        """Keep what Alertmanager posted."""
        labels = (alert["labels"] for alert in body["alerts"])
        alerts = frozenset((one["alertname"], one.get("platform", "")) for one in labels)
        self.notifications.append(Notification(receiver, body["status"], alerts, monotonic()))

    def for_receiver(self, *receivers: str) -> list[Notification]:
        """Return what some receivers were told."""
        return [one for one in self.notifications if one.receiver in receivers]

    def first(self, receiver: str, status: str, alert: str, platform: str = "") -> Notification | None:
        """Return the first notification of an alert, None while there is none."""
        notifications = (one for one in self.notifications if (one.receiver, one.status) == (receiver, status))
        return next((one for one in notifications if (alert, platform) in one.alerts), None)


class AlertDelivery(NamedTuple):
    """What a test holds in hands: the inbox, and Prometheus to look into."""

    inbox: NotificationInbox
    prometheus: Prometheus

    def wait_for(self, receiver: str, status: str, alert: str, platform: str = "", within: float = 60) -> Notification:
        """Return the notification once it came; AssertionError when it did not in time."""
        what = f"{alert} {status} for {receiver}, got {self.inbox.notifications}"
        wait_for(lambda: self.inbox.first(receiver, status, alert, platform) is not None, what, within)
        found = self.inbox.first(receiver, status, alert, platform)
        assert found is not None
        return found


@contextmanager
def alert_delivery(
    targets: Mapping[str, Sequence[str]], alerts: Iterable[Alert], factor: int, staleness: float = STALE_SECONDS
) -> Iterator[AlertDelivery]:
    """Run the chain over `targets` (job: host:port of each) with some alerts, `factor` times as fast."""
    inbox = NotificationInbox()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        sink = stack.enter_context(_webhook_server(inbox))
        manager = stack.enter_context(_running_alertmanager(folder, scale_routes(factor, sink)))
        rules = folder / "rules.yml"
        rules.write_text(scale_rules((), factor, staleness), encoding="utf-8")
        scrapes = [{"job_name": job, "static_configs": [{"targets": [*hosts]}]} for job, hosts in targets.items()]
        sent = {"alertmanagers": [{"static_configs": [{"targets": [manager]}]}]}
        config = {"global": _SHORT_INTERVALS, "rule_files": [str(rules)], "scrape_configs": scrapes, "alerting": sent}
        count = sum(len(hosts) for hosts in targets.values())
        prometheus = stack.enter_context(prometheus_with_config(config, count))
        # Rules are evaluated up to five seconds before the first scrape: a moment of ours, but minutes of theirs.
        rules.write_text(scale_rules(alerts, factor, staleness), encoding="utf-8")
        prometheus.reload()
        yield AlertDelivery(inbox, prometheus)


_SHORT_INTERVALS = {"scrape_interval": "1s", "evaluation_interval": "1s"}


@contextmanager
def _webhook_server(inbox: NotificationInbox) -> Iterator[str]:
    """Serve webhooks on a free port; yields host:port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            inbox.add(self.path.removeprefix("/"), body)
            self.send_response(200)
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _running_alertmanager(folder: Path, config: Mapping[str, Any]) -> Iterator[str]:
    file = folder / "alertmanager.yml"
    file.write_text(json.dumps(config), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [program_path("prometheus-alertmanager"), f"--config.file={file}", f"--storage.path={folder}/am"]
    with (folder / "alertmanager.log").open("w+") as log:
        process = subprocess.Popen(
            [*command, f"--web.listen-address={address}", "--cluster.listen-address="], stdout=log, stderr=log
        )
        try:
            yield address
        finally:
            process.terminate()
            process.wait(10)
