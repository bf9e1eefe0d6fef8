"""House rules for a generated dashboard: what a reader needs on every panel, and what Grafana forgives in silence."""

import re
from itertools import combinations
from typing import Any

import pytest

from dashboards.grafana.panels import BLUE, ORANGE, VERMILION
from dashboards.rules.recording.rules import RECORDINGS
from streams.contract.metrics.all_metrics import METRICS
from streams.contract.metrics.metric import MetricKind
from tests.support.monitoring.exposition import DASHBOARD, PANELS, queries

TITLES = [panel["title"] for panel in PANELS]
SERIES = {metric.name for metric in METRICS if metric.kind is not MetricKind.HISTOGRAM} | {
    f"{metric.name}_{part}"
    for metric in METRICS
    if metric.kind is MetricKind.HISTOGRAM
    for part in ("bucket", "sum", "count")
}
KNOWN_SERIES = SERIES | {recording.record for recording in RECORDINGS}

each_panel = pytest.mark.parametrize("panel", PANELS, ids=TITLES)


def test_the_dashboard_has_a_lasting_address_and_cannot_be_edited_in_a_browser() -> None:
    assert DASHBOARD["uid"]
    assert DASHBOARD["editable"] is False
    assert DASHBOARD["timezone"] == "utc"


def test_the_data_source_is_chosen_and_variables_follow_the_time_range() -> None:
    variables = DASHBOARD["templating"]["list"]

    assert [variable["type"] for variable in variables] == ["datasource", "query"]
    assert all(variable["label"] for variable in variables)
    assert all(variable["refresh"] == 2 for variable in variables if variable["type"] == "query")


def test_every_panel_has_a_number_of_its_own() -> None:
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]

    assert numbers == list(range(1, len(numbers) + 1))


def test_titles_are_distinguished() -> None:
    assert len(set(TITLES)) == len(TITLES)


def test_no_panel_covers_another() -> None:
    cells = [
        {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        for at in (panel["gridPos"] for panel in DASHBOARD["panels"])
    ]

    assert all(not one & other for one, other in combinations(cells, 2))
    assert all(0 <= x < 24 for cell in cells for x, _ in cell)


@each_panel
def test_a_panel_says_what_it_means_and_in_what_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["fieldConfig"]["defaults"]["noValue"]


@each_panel
def test_a_panel_asks_the_chosen_data_source_under_names_of_its_own(panel: dict[str, Any]) -> None:
    names = [target["refId"] for target in panel["targets"]]

    assert names
    assert len(set(names)) == len(names)
    assert all(target["datasource"]["uid"] == "${datasource}" for target in [panel, *panel["targets"]])


@each_panel
def test_a_panel_leaves_no_reducer_or_legend_to_chance(panel: dict[str, Any]) -> None:
    options = panel.get("options", {})

    if panel["type"] in {"stat", "bargauge"}:
        assert options["reduceOptions"]["calcs"] == ["lastNotNull"]
    if panel["type"] == "timeseries":
        assert options["legend"]["showLegend"] is True


@each_panel
def test_colours_are_distinguished_by_everyone(panel: dict[str, Any]) -> None:
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]

    assert {step["color"] for step in steps} <= {BLUE, ORANGE, VERMILION, "transparent"}


@each_panel
def test_the_name_of_a_platform_is_not_coloured_as_a_share(panel: dict[str, Any]) -> None:
    crossing = [step["options"] for step in panel.get("transformations", ()) if step["id"] == "groupingToMatrix"]

    for options in crossing:
        heading = f"{options['rowField']}\\{options['columnField']}"
        (override,) = [rule for rule in panel["fieldConfig"]["overrides"] if rule["matcher"]["options"] == heading]
        assert override["properties"] == [{"id": "custom.cellOptions", "value": {"type": "auto"}}]


@each_panel
def test_a_cell_without_a_figure_has_no_colour(panel: dict[str, Any]) -> None:
    # Thresholds would colour it as if it were the lowest.
    crossed = any(step["id"] == "groupingToMatrix" for step in panel.get("transformations", ()))
    of_nothing = {"match": "empty", "result": {"color": "transparent", "text": "no figure"}}

    if crossed:
        mappings = panel["fieldConfig"]["defaults"]["mappings"]
        assert [one["options"] for one in mappings if one["type"] == "special"] == [of_nothing]


@each_panel
def test_a_panel_of_a_histogram_says_that_it_holds_closed_reports_only(panel: dict[str, Any]) -> None:
    if any("_bucket" in target["expr"] for target in panel["targets"]):
        assert "closed reports only" in panel["title"]


def test_every_name_asked_for_is_in_the_catalogue_or_recorded() -> None:
    asked = {name for expr in queries() for name in re.findall(r"[a-z_]*:?safeclock_[a-z_]+(?::\w+)?", expr)}

    assert asked
    assert asked <= KNOWN_SERIES


def test_no_series_is_shown_once_per_board() -> None:
    # Two boards export the same figures: every name stands inside an aggregation that leaves the instance out.
    for expr in queries():
        for found in re.finditer(r"\bsafeclock_", expr):
            before = expr[: found.start()]
            inside = re.search(r"((max|min)( by \([^)]*\)| without \([^)]*\))?|:) ?\(?$", before)
            assert inside or before.endswith(":"), expr
