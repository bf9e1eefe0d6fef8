"""A history through broker, worker and board into a real Prometheus: what the dashboard shows is what was planted."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dashboards.board.inputs.accumulator import first_day_of_week, iso_week
from dashboards.grafana.queries import MIN_COHORT_REPORTS, NOT_KNOWN, NOT_MEASURABLE, NOT_REACHED
from producers.simulation.ground_truth import ground_truth
from streams.batch.load import LoadedFiles, load_files
from streams.batch.measure import measure
from streams.contract.timestamps import parse_timestamp
from streams.domain.clocks.endings import STOPPED
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.cohorts.cohort import CohortKey
from streams.domain.cohorts.objectives import Period, period_ranges
from streams.domain.cohorts.statistics import CohortSample, samples_by_group
from streams.domain.duration_bins import DAY, HOUR, SECOND, bin_of
from streams.domain.ledger import counters
from streams.domain.survival import estimate
from tests.support.components import program_path
from tests.support.monitoring.prometheus import PanelAnswer, prometheus_for_targets, query_dashboard
from tests.support.process.production_topics import chain_on_embedded_broker
from tests.support.process.running_process import SafeclockProcess
from tests.support.simulation.recent_history import event_lines, midnight_before, recent_plan
from tests.support.waiting import wait_until

PLAN = recent_plan(reports=3_000, weeks=4, ended_ago=HOUR)
CLOCKS = {clock.id: clock.hash for clock in STANDARD_CLOCKS}
EMPTY_PANELS = {"Events refused", "Deadlines missed", "Objectives met: previous period"}
"""Panels that may rightly stay empty: the history holds nothing that is refused, limits may all have been decided
before Prometheus came to look, in which case nothing increases while it watches, and a quarter ago nothing was filed."""
PROMPT = ("harbor", "lantern", "meadow", "cobalt", "pebble")
"""Platforms that tell everything at once and go on telling, so that the truth of every week can be seen."""


class DashboardAnswers(NamedTuple):
    """What was asked and seen while everything ran: answers by panel, the start of every cohort, both exposition pages."""

    panels: Mapping[str, list[PanelAnswer]]
    week_starts: Mapping[str, int]
    pages: Mapping[str, str]

    def single_value(self, panel: str) -> PanelAnswer:
        """Return the answer of a panel with one query."""
        (answer,) = self.panels[panel]
        return answer

    def weekly_values(self, panel: str) -> dict[tuple[str, int], float]:
        """Return a panel's values by platform and number of the week."""
        found = self.single_value(panel).values_by("platform", "cohort")
        return {
            (platform, iso_week(self.week_starts[cohort] // DAY)): value for (platform, cohort), value in found.items()
        }


@pytest.fixture(scope="module")
def dashboard_answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DashboardAnswers]:
    """Run the chain on the history; Prometheus is there from the beginning."""
    with chain_on_embedded_broker(tmp_path_factory.mktemp("chain"), partitions=2) as chain:
        chain.create_topics()
        worker, board = chain.start_worker(), chain.start_board(SAFECLOCK_REFRESH_MS="500")
        wait_until(lambda: bool(worker.get_page("/metrics") and board.get_page("/metrics")), "both pages", chain.logs)
        with prometheus_for_targets([worker.address, board.address]) as prometheus:
            chain.publish(event_lines(PLAN))
            settled = chain.wait_until_applied(PLAN.end_ms)
            wait_until(lambda: _has_estimates(board) > settled, "the board to have read everything", chain.logs)
            prometheus.wait_until_evaluated()
            panels: dict[str, list[PanelAnswer]] = {}
            for answer in query_dashboard(prometheus):
                panels.setdefault(answer.panel, []).append(answer)
            starts = prometheus.query("safeclock_cohort_start_timestamp_seconds")
        yield DashboardAnswers(
            panels=panels,
            week_starts={dict(labels)["cohort"]: round(value * SECOND) for labels, value in starts.items()},
            pages={"worker": worker.get_page("/metrics"), "board": board.get_page("/metrics")},
        )


def _has_estimates(board: SafeclockProcess) -> float:
    return board.counter_total("safeclock_figures_timestamp_seconds") * SECOND


@pytest.fixture(scope="module")
def reference() -> LoadedFiles:
    """The ledger that was fed from the same lines without a broker."""
    from streams.contract.registry.file import read_registry  # noqa: PLC0415

    return load_files(event_lines(PLAN), read_registry(Path("deploy/registry/demo.toml")))


@pytest.fixture(scope="module")
def document(reference: LoadedFiles) -> dict[str, Any]:
    """The batch document by platform."""
    return {group["platform"]: group for group in measure(reference, ["platform"])["groups"]}  # type: ignore[attr-defined]


def by_week(reference: LoadedFiles) -> dict[tuple[str, int], CohortSample]:
    def name(key: CohortKey) -> tuple[str, ...]:
        return (key.platform, str(iso_week(key.day)))

    cohorts = reference.ledger.stored_cohorts().items()
    found = samples_by_group(cohorts, name, reference.watermark)
    return {(platform, int(week)): sample for (platform, week), sample in found.items()}


def may_be_empty() -> set[str]:
    """Return the panels that may rightly stay empty: of a quarter that has just begun nothing can be told yet, either."""
    quarter, _ = period_ranges(Period.QUARTER, midnight_before(0) // DAY)
    begun = quarter.first * DAY < PLAN.end_ms - DAY
    return EMPTY_PANELS if begun else EMPTY_PANELS | {"Objectives met: current period"}


def test_every_query_of_the_dashboard_is_answered(dashboard_answers: DashboardAnswers) -> None:
    empty = {panel for panel, asked in dashboard_answers.panels.items() for answer in asked if not answer.values}

    assert empty <= may_be_empty()


@pytest.mark.parametrize(
    ("panel", "clock"),
    [
        ("Acted on within 24 h, by week of filing", "time_to_action"),
        ("Decided within 24 h, by week of filing", "time_to_decision"),
    ],
)
def test_the_headline_is_what_the_batch_path_measures(
    dashboard_answers: DashboardAnswers, reference: LoadedFiles, panel: str, clock: str
) -> None:
    expected = {}
    for place, sample in by_week(reference).items():
        curve = estimate(sample.cells[CLOCKS[clock]])
        share = curve.within(DAY)
        if (
            sample.filed >= MIN_COHORT_REPORTS
            and curve.exposure.is_measurable
            and share is not None
            and share.value is not None
        ):
            expected[place] = share.value

    assert len(expected) > 2 * len(PROMPT)
    assert dashboard_answers.weekly_values(panel) == pytest.approx(expected, abs=1e-12)


def test_the_headline_is_what_was_planted(dashboard_answers: DashboardAnswers) -> None:
    planted: Any = ground_truth(PLAN)["platforms"]
    seen = dashboard_answers.weekly_values("Acted on within 24 h, by week of filing")
    differences = {}

    for platform in PROMPT:
        for week in planted[platform]["weeks"]:
            place = (platform, iso_week(parse_timestamp(week["from"]) // DAY))
            whole = (first_day_of_week(place[1]) + 7) * DAY + DAY <= PLAN.end_ms
            if whole and place in seen:
                differences[place] = abs(seen[place] - week["share_within_24h"]["time_to_action"])

    assert len(differences) >= 2 * len(PROMPT)
    assert max(differences.values()) < 1e-9, differences


def test_the_table_of_medians_is_what_the_batch_path_measures(
    dashboard_answers: DashboardAnswers, document: dict[str, Any]
) -> None:
    columns = dashboard_answers.panels["Closed-only median and median with open reports"]
    filed, published, honest, _, share, _, _, _, decided, waiting, _ = [
        answer.values_by("platform") for answer in columns
    ]

    why = {False: NOT_REACHED, None: NOT_KNOWN}
    for platform, group in document.items():
        action, decision = group["clocks"]["time_to_action"], group["clocks"]["time_to_decision"]
        unmeasurable = action["within"]["86400"]["share"] is None
        median, reached = (action["median_seconds"][name] for name in ("value", "reached"))
        assert filed[platform,] == group["filed"]
        assert published.get((platform,)) == action["closed_only_median_seconds"]
        assert honest[platform,] == (
            NOT_MEASURABLE if unmeasurable else why[reached] if median is None else pytest.approx(median)
        )
        assert share[platform,] == (NOT_MEASURABLE if unmeasurable else action["within"]["86400"]["share"])
        if decision["within"]["86400"]["share"] is not None:
            assert decided[platform,] == decision["within"]["86400"]["share"]
        assert waiting[platform,] == _open(group)


def _open(group: dict[str, Any]) -> int:
    states = ("open", "acknowledged", "interim", "merged", "paused", "reopened")
    return sum(group["states"].get(state, 0) for state in states)


def test_states_are_what_the_batch_path_counts(dashboard_answers: DashboardAnswers, document: dict[str, Any]) -> None:
    found = {
        place: count
        for place, count in dashboard_answers.single_value("Reports by state").values_by("platform", "state").items()
        if count
    }

    assert found == {
        (platform, state): count for platform, group in document.items() for state, count in group["states"].items()
    }


def test_the_histogram_of_closed_reports_is_what_stopped(
    dashboard_answers: DashboardAnswers, reference: LoadedFiles
) -> None:
    cells = [sample.cells[CLOCKS["time_to_action"]] for sample in by_week(reference).values()]
    buckets = dashboard_answers.single_value("Time to action: closed reports only").values_by("le")

    for edge in counters.DURATION_BUCKETS:
        stopped = sum(
            count
            for cell in cells
            for (_, exit_, ending), count in cell.items()
            if ending == STOPPED and exit_ <= bin_of(edge)
        )
        assert buckets[str(edge / SECOND),] == stopped


def test_figures_are_fresh_and_every_partition_is_ready(dashboard_answers: DashboardAnswers) -> None:
    (age,), (behind,) = (
        dashboard_answers.single_value(panel).values.values()
        for panel in ("Age of the figures", "Figures behind their inputs")
    )

    assert 0 <= age < HOUR / SECOND
    assert 0 <= behind < HOUR / SECOND
    assert list(dashboard_answers.single_value("Partitions not ready").values.values()) == [0]


@pytest.mark.parametrize("process", ["worker", "board"])
def test_promtool_finds_no_fault_with_what_a_process_exports(dashboard_answers: DashboardAnswers, process: str) -> None:
    page = dashboard_answers.pages[process]

    checked = subprocess.run(
        [program_path("promtool"), "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )

    assert "safeclock_" in page
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
