"""A real Prometheus on given targets, and every question of a dashboard put to it.

`prometheus_for_targets(targets)` is for any process that exports metrics: an exporter made of the catalogue, or a real board.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import monotonic
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.support.broker.ports import free_port
from tests.support.components import program_path
from tests.support.paths import ROOT

RULES = ROOT / "deploy/prometheus/rules/safeclock.yml"
DASHBOARDS = ROOT / "deploy/grafana/dashboards"
TIMEOUT_SECONDS = 60.0

Labels = tuple[tuple[str, str], ...]


class PanelAnswer(NamedTuple):
    """What one query of a panel gave: the last value of every series by its labels, without the metric's name."""

    panel: str
    legend: str
    expr: str
    values: Mapping[Labels, float]

    def values_by(self, *labels: str) -> dict[tuple[str, ...], float]:
        """Return the values by some labels, in that order."""
        return {tuple(dict(series).get(label, "") for label in labels): value for series, value in self.values.items()}


class Prometheus:
    """A running Prometheus; its own clock is the only one. `targets` is how many `settle` waits for."""

    def __init__(self, port: int, targets: int, patience: float = 10) -> None:
        self.port = port
        self.timeout_seconds = patience
        self.targets = targets

    def get(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - whatever its API says, in JSON
        """Return the data of an answer of its API; AssertionError with its words when it refuses."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_seconds)
        try:
            connection.request("GET", f"{path}?{urlencode(parameters)}")
            body = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert body["status"] == "success", f"{parameters}: {body.get('error')}"
        return body["data"]

    def now(self) -> float:
        """Return its time in epoch seconds."""
        return float(self.get("/api/v1/query", query="time()")["result"][1])

    def query(self, expr: str) -> dict[Labels, float]:
        """Return the value of every series of an expression now."""
        result = self.get("/api/v1/query", query=expr)["result"]
        return {labels_of(series["metric"]): float(series["value"][1]) for series in result}

    def query_range(self, expr: str, seconds: float = 30) -> dict[Labels, float]:
        """Return the last value of every series of an expression over the last seconds."""
        now = self.now()
        span = {"start": f"{now - seconds}", "end": f"{now}", "step": "1"}
        result = self.get("/api/v1/query_range", query=expr, **span)["result"]
        return {labels_of(series["metric"]): float(series["values"][-1][1]) for series in result}

    def reload(self) -> None:
        """Let it read its configuration and rules anew."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_seconds)
        try:
            connection.request("POST", "/-/reload")
            assert connection.getresponse().status == HTTPStatus.OK
        finally:
            connection.close()

    def wait_until_evaluated(self) -> None:
        """Wait until every target has been scraped, and the rules evaluated twice, since now."""
        since = self.now()
        wait_for(lambda: self._scraped(since), "a scrape of every target")
        scraped = self.now()
        wait_for(lambda: self._evaluated(scraped), "an evaluation of every rule")

    def _scraped(self, since: float) -> bool:
        fresh = self.query(f"count(timestamp(up == 1) > {since})")
        return list(fresh.values()) == [float(self.targets)]

    def _evaluated(self, since: float) -> bool:
        # Rules of a group run one after the other, so a second round has seen all of the first.
        rounds = self.query(f"min(prometheus_rule_group_last_evaluation_timestamp_seconds) > {since + 1}")
        return bool(rounds)


@contextmanager
def prometheus_for_targets(
    targets: Sequence[str], rules: Path = RULES, scrape: Mapping[str, object] = MappingProxyType({})
) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes `targets` (host:port) every second and evaluates `rules` as often.

    `scrape` is how, in the words of its `scrape_config`: over plain HTTP without.
    Skips the test, with a sentence, where no Prometheus is installed; fails it where one is required.
    """
    job = {"job_name": "board", "static_configs": [{"targets": [*targets]}], **scrape}
    with prometheus_with_config(_configuration([job], rules), len(targets)) as prometheus:
        yield prometheus


@contextmanager
def prometheus_for_jobs(jobs: Sequence[Mapping[str, object]], rules: Path = RULES) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes every second by these jobs, in the words of its `scrape_config`, and itself.

    Skips or fails the test as `prometheus_on` does.
    """
    with _start_prometheus(_configuration(jobs, rules)) as prometheus:
        yield prometheus


@contextmanager
def prometheus_with_config(config: Mapping[str, Any], targets: int) -> Iterator[Prometheus]:
    """Run a Prometheus with a configuration of `targets` targets; it scrapes itself besides."""
    with _start_prometheus(config) as prometheus:
        prometheus.targets += targets
        prometheus.wait_until_evaluated()
        yield prometheus


@contextmanager
def prometheus_on_blocks(blocks: Path, lookback: str) -> Iterator[Prometheus]:
    """Run a Prometheus over the blocks of a history; a sample older than `lookback` is gone."""
    port = free_port()
    more = (
        f"--storage.tsdb.path={blocks}",
        "--storage.tsdb.retention.time=99y",
        f"--query.lookback-delta={lookback}",
        "--query.timeout=30m",
        "--query.max-samples=500000000",
    )
    with TemporaryDirectory() as folder, _running({}, folder, port, *more):
        yield Prometheus(port, 0, patience=1800)


@contextmanager
def _running(config: Mapping[str, Any], folder: str, port: int, *more: str) -> Iterator[None]:
    file = Path(folder, "prometheus.yml")
    file.write_text(json.dumps(config), encoding="utf-8")
    command = [program_path("prometheus"), f"--config.file={file}", f"--web.listen-address=127.0.0.1:{port}"]
    command.append("--web.enable-lifecycle")
    storage = more or (f"--storage.tsdb.path={folder}/data",)
    with Path(folder, "log").open("w+") as log:
        process = subprocess.Popen([*command, *storage], stdout=log, stderr=log)
        try:
            wait_for(lambda: process.poll() is None and _is_ready(port), f"Prometheus on port {port}", within=60)
            yield
        finally:
            process.terminate()
            process.wait(30)


def query_dashboard(prometheus: Prometheus, name: str = "safeclock-overview") -> list[PanelAnswer]:
    """Put every query of a committed dashboard, as Grafana would, with all platforms chosen.

    AssertionError for a variable that is left unexpanded and for a query that Prometheus refuses.
    """
    dashboard = json.loads((DASHBOARDS / f"{name}.json").read_text(encoding="utf-8"))
    variables = _variables(prometheus, dashboard)
    return [
        _query_target(prometheus, panel["title"], target, variables)
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    ]


def wait_for(condition: Callable[[], bool], what: str, within: float = TIMEOUT_SECONDS) -> None:
    """Poll `condition` until it holds; AssertionError naming `what` did not come in time."""
    deadline = monotonic() + within
    pause = Event()
    while not condition():
        assert monotonic() < deadline, f"expected {what} within {within} s"
        pause.wait(0.05)


def substitute_variables(expr: str, variables: Mapping[str, str]) -> str:
    """Return a query with its variables replaced; AssertionError for one that is not known."""
    for name, value in {"__range": "7d", "__interval": "2s", "__rate_interval": "4m", **variables}.items():
        expr = re.sub(rf"\$(?:{name}\b|\{{{name}(?::\w+)?\}})", lambda _: value, expr)  # noqa: B023 - used at once
    assert "$" not in expr, f"expected no variable left in {expr}"
    return expr


def _query_target(
    prometheus: Prometheus, panel: str, target: Mapping[str, Any], variables: Mapping[str, str]
) -> PanelAnswer:
    expr = substitute_variables(target["expr"], variables)
    values = prometheus.query(expr) if target.get("instant") else prometheus.query_range(expr)
    return PanelAnswer(panel, target["legendFormat"], expr, values)


def _variables(prometheus: Prometheus, dashboard: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]).groups()  # type: ignore[union-attr]
            found[variable["name"]] = "|".join(prometheus.get(f"/api/v1/label/{label}/values", **{"match[]": metric}))
    return found


def labels_of(metric: Mapping[str, str]) -> Labels:
    """Return the labels of a series, without its name."""
    return tuple(sorted((name, value) for name, value in metric.items() if name != "__name__"))


def _configuration(jobs: Sequence[Mapping[str, object]], rules: Path) -> dict[str, Any]:
    often = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    return {"global": often, "rule_files": [str(rules)], "scrape_configs": [*jobs]}


@contextmanager
def _start_prometheus(config: Mapping[str, Any]) -> Iterator[Prometheus]:
    port = free_port()
    # Its own metrics say when the rules were last evaluated.
    own = {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    whole = {**config, "scrape_configs": [*config["scrape_configs"], own]}
    with TemporaryDirectory() as folder, _running(whole, folder, port):
        yield Prometheus(port, 1)


def _is_ready(port: int) -> bool:
    try:
        Prometheus(port, 0).now()
    except (OSError, HTTPException, ValueError):
        return False
    return True
