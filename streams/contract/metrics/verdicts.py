"""Metrics of declared verdicts. Nothing alerts on them: a verdict is published, and nobody is paged for it."""

from typing import Final

from streams.contract.metrics.metric import (
    BOUNDS,
    PLATFORM,
    Label,
    LabelSource,
    Metric,
    MetricKind,
    Process,
    board_gauge,
)
from streams.domain.verdict.decision import Verdict
from streams.domain.verdict.guards import GuardState

_HARM: Final = Label("harm", LabelSource.DECLARATIONS)
_DECLARATION: Final = Label("declaration", LabelSource.DECLARATIONS)
_STANDING: Final = Label("standing", LabelSource.DECLARATIONS)
_CELL: Final = (PLATFORM, _HARM, _DECLARATION)
_DECIDED: Final = tuple(verdict.value for verdict in Verdict if verdict is not Verdict.SO_FAR)


def _info(name: str, text: str, *labels: Label, max_series: int = 1) -> Metric:
    return Metric(f"safeclock_{name}_info", MetricKind.INFO, text, Process.BOARD, labels, max_series=max_series)


VERDICTS: Final = (
    _info(
        "declaration",
        "A declaration of verdicts that the board evaluates: its id, the SHA-256 of its file, and whether it was seen "
        "before its current window began (declared), too late (exploratory), or in a demo.",
        _DECLARATION,
        Label("sha256", LabelSource.DECLARATIONS),
        _STANDING,
    ),
    board_gauge(
        "declaration_first_seen_timestamp_seconds",
        "Log time at which a worker first recorded a declaration; absent until then.",
        _DECLARATION,
    ),
    board_gauge(
        "declaration_decide_timestamp_seconds",
        "First instant of the day on which a declaration decides.",
        _DECLARATION,
    ),
    _info(
        "verdict",
        "The verdict on a declared cell; absent before the day of decision, and for an exploratory declaration. The harm "
        "is empty for all reports of a platform.",
        *_CELL,
        _STANDING,
        Label("verdict", _DECIDED),
        max_series=len(_DECIDED),
    ),
    board_gauge(
        "verdict_mean_wait_seconds",
        "Mean wait up to the declared horizon in a window, at the baseline's mix of harms and channels.",
        *_CELL,
        _STANDING,
        Label("window", ("baseline", "current")),
        max_series=2,
    ),
    board_gauge(
        "verdict_change_seconds",
        "Change of the mean wait, current window minus baseline, with its 95 % interval, and the change that the "
        "comparison finds with 80 %; absent before the day of decision.",
        *_CELL,
        _STANDING,
        Label("bound", (*BOUNDS, "detectable")),
        max_series=4,
    ),
    board_gauge(
        "verdict_so_far_seconds",
        "Change of the mean wait before the day of decision, not a verdict: its interval holds at every weekly look "
        "together with 95 %.",
        *_CELL,
        _STANDING,
        Label("bound", BOUNDS),
        max_series=3,
    ),
    _info(
        "verdict_guard",
        "The state of a guard of a cell that decides faster.",
        *_CELL,
        Label("guard", LabelSource.DECLARATIONS),
        Label("state", tuple(GuardState)),
        max_series=len(GuardState),
    ),
)
