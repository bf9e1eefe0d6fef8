from importlib.metadata import version

import pytest

from dashboards.grafana.overview import UID
from dashboards.grafana.render import PATHS, overview_json
from dashboards.metrics_page import PATH as METRICS_PATH
from dashboards.metrics_page import metrics_page
from dashboards.rules.inhibitions import PATH as ALERTMANAGER_PATH
from dashboards.rules.inhibitions import with_inhibitions
from dashboards.rules.render import PATH as RULES_PATH
from dashboards.rules.render import rules_yaml
from dashboards.rules.runbook import PATH as RUNBOOK_PATH
from dashboards.rules.runbook import runbook_page
from tests.support.paths import ROOT


def test_the_table_of_metrics_is_current() -> None:
    assert (ROOT / METRICS_PATH).read_text(encoding="utf-8") == metrics_page(), "run: python -m dashboards.metrics_page"


def test_the_rule_file_is_current() -> None:
    assert (ROOT / RULES_PATH).read_text(encoding="utf-8") == rules_yaml(), "run: python -m dashboards.rules"


def test_the_runbook_is_current() -> None:
    assert (ROOT / RUNBOOK_PATH).read_text(encoding="utf-8") == runbook_page(), "run: python -m dashboards.rules"


def test_what_keeps_alerts_silent_is_current() -> None:
    written = (ROOT / ALERTMANAGER_PATH).read_text(encoding="utf-8")

    assert written == with_inhibitions(written), "run: python -m dashboards.rules"


def test_a_configuration_without_the_mark_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="expected the line"):
        with_inhibitions("route: {receiver: mine}\n")


def test_the_overview_is_current() -> None:
    assert (ROOT / PATHS[UID]).read_text(encoding="utf-8") == overview_json(), "run: python -m dashboards.grafana"


def test_the_overview_comes_out_the_same_every_time() -> None:
    assert overview_json() == overview_json()


def test_the_sdk_is_the_line_that_knows_todays_grafana() -> None:
    # Older releases carry a version epoch and win every comparison; their types are Grafana 10's.
    assert version("grafana-foundation-sdk").removeprefix("v").startswith("0.0.")
