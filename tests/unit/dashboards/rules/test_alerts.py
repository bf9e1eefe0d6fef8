"""What every alert and its runbook entry have."""

import json
import re

import pytest

from dashboards.rules.alert import FIGURES_ARE_FRESH, Alert, AlertSeverity, Audience, Inhibition
from dashboards.rules.alerts.all_alerts import ALERTS
from dashboards.rules.recording.rules import RECORDINGS, WINDOWS, Window
from streams.contract.metrics.all_metrics import METRICS
from tests.support.monitoring.durations import seconds
from tests.support.monitoring.prometheus import DASHBOARDS
from tests.support.paths import ROOT
from tests.system.alerts.rule_tests import FIRING_ALLOWANCE_SECONDS

RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")


OVERVIEW = DASHBOARDS / "safeclock-overview.json"


NAMES = [alert.name for alert in ALERTS]


each_alert = pytest.mark.parametrize("alert", ALERTS, ids=NAMES)


@pytest.mark.parametrize("window", WINDOWS)
def test_a_threshold_can_be_passed(window: Window) -> None:
    # A burn factor times what an objective allows may come out above 1, and would then never fire.
    assert 0 < window.threshold < 1


def test_every_alert_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == len(NAMES)


@each_alert
def test_only_the_pipeline_pages_and_only_the_operator(alert: Alert) -> None:
    if alert.severity is AlertSeverity.PAGE:
        assert alert.audience is Audience.OPERATOR
        assert not re.search("deadline|complete_through|cadence|cohort|(?<!safe)clock", alert.expr)


@each_alert
def test_an_alert_is_reported_after_it_has_waited_and_not_much_later_than_alertmanager_needs(alert: Alert) -> None:
    assert seconds(alert.for_) + FIRING_ALLOWANCE_SECONDS[alert.severity] < seconds(alert.notified_within)


@each_alert
def test_what_is_muted_exists_and_is_no_more_urgent_than_what_mutes_it(alert: Alert) -> None:
    urgency = [AlertSeverity.PAGE, AlertSeverity.TICKET, AlertSeverity.DIGEST]
    severities = {other.name: other.severity for other in ALERTS}

    for mute in alert.inhibits:
        if not isinstance(mute.targets, Audience):
            assert all(urgency.index(severities[name]) >= urgency.index(alert.severity) for name in mute.targets)


def test_no_two_alerts_mute_each_other() -> None:
    # Two that fire together would both fall silent.
    def muted(alert: Alert) -> set[str]:
        return {other.name for other in ALERTS for mute in alert.inhibits if _is_of(mute, other)}

    pairs = {(alert.name, name) for alert in ALERTS for name in muted(alert)}

    assert pairs
    assert not pairs & {(target, source) for source, target in pairs}


def _is_of(mute: Inhibition, alert: Alert) -> bool:
    return mute.targets == alert.audience if isinstance(mute.targets, Audience) else alert.name in mute.targets


@each_alert
def test_an_alert_that_accuses_a_platform_is_held_back_by_stale_figures(alert: Alert) -> None:
    if alert.audience is Audience.ANALYST:
        assert alert.expr.endswith(f"and on () ({FIGURES_ARE_FRESH})")


@each_alert
def test_an_alert_has_a_runbook_entry_that_says_what_to_do(alert: Alert) -> None:
    entry = re.search(rf"^## {alert.name}\n(.+?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)

    assert entry is not None
    assert all(f"**{word}**" in entry[1] for word in ("Means", "Who", "Check", "Do", "Does not mean"))
    assert f"within {alert.notified_within}" in entry[1]


def test_every_link_of_the_runbook_leads_somewhere() -> None:
    for file, anchor in re.findall(r"\]\(([a-z]*\.?m?d?)#([a-z-]+)\)", RUNBOOK):
        page = (ROOT / "docs" / file).read_text(encoding="utf-8") if file else RUNBOOK
        headings = [
            re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
            for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)
        ]
        assert anchor in headings


def test_every_panel_that_the_runbook_names_is_on_the_overview() -> None:
    titles = {panel["title"] for panel in json.loads(OVERVIEW.read_text(encoding="utf-8"))["panels"]}

    named = {words.replace("\n", " ") for words in re.findall(r"(?<![*\w])\*([^*\s][^*]*)\*(?!\*)", RUNBOOK)}

    assert named
    assert named - titles == {"italics"}


def test_every_series_that_the_runbook_names_is_exported_or_recorded() -> None:
    recorded = {recording.record for recording in RECORDINGS}

    named = set(re.findall(r"`((?:platform:)?safeclock_[a-z0-9_:]+)`", RUNBOOK))

    assert named
    assert named - {metric.name for metric in METRICS} - recorded == set()
