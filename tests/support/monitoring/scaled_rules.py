"""Rules and routes in quick motion: every duration divided by one factor, so that hours pass in seconds.

What is divided: ranges, their steps and offsets, `for`, `keep_firing_for`, and Alertmanager's group and repeat times.
What is not: thresholds of counts and shares, and the words that an alert says. The daily digest is sent at any hour.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

import yaml

from dashboards.rules.alert import STALE_SECONDS, Alert
from dashboards.rules.render import rules_yaml
from tests.support.monitoring.durations import seconds
from tests.support.paths import ROOT

_DURATION: Final = r"\d+(?:ms|[smhdw])"
_DURATION_PATTERN: Final = re.compile(
    rf"(?<=\[){_DURATION}(?=[:\]])|(?<=:){_DURATION}(?=\])|(?<=offset ){_DURATION}|(?<=for: ){_DURATION}"
)
_MIN_RANGE: Final = "3000ms"
"""Two scrapes of a test lie in it, however much a range is shortened."""
_TIMES: Final = ("group_wait", "group_interval", "repeat_interval")


def shorten_duration(duration: str, factor: int) -> str:
    """Return a duration divided by `factor`, at least a millisecond unless it is none."""
    milliseconds = seconds(duration) * 1000 / factor
    return f"{max(1, round(milliseconds)) if milliseconds else 0}ms"


def _shorten_match(found: re.Match[str], factor: int) -> str:
    short = shorten_duration(found[0], factor)
    is_range = found.string[found.start() - 1] == "["
    return max(short, _MIN_RANGE, key=seconds) if is_range else short


def scale_rules(alerts: Iterable[Alert], factor: int, staleness: float = STALE_SECONDS) -> str:
    """Return the rule file with these alerts, sped up; figures are stale after `stale` seconds."""
    text = _DURATION_PATTERN.sub(lambda found: _shorten_match(found, factor), rules_yaml(alerts=alerts))
    return re.sub(rf"\b{STALE_SECONDS}\b", f"{staleness:g}", text)


def scale_routes(factor: int, webhook_url: str) -> dict[str, Any]:
    """Return Alertmanager's configuration, sped up, every receiver posting to `sink` under its own name."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]
    for route in (config["route"], *config["route"]["routes"]):
        route |= {name: shorten_duration(route[name], factor) for name in _TIMES if name in route}
        route.pop("active_time_intervals", None)
    for receiver in config["receivers"]:
        receiver["webhook_configs"] = [{"url": f"http://{webhook_url}/{receiver['name']}", "send_resolved": True}]
    return config
