"""Why a situation does not apply to an alert; whatever has no reason here is tried (`situations.py`)."""

import re
from collections.abc import Mapping
from typing import Final

from dashboards.rules.alert import Alert
from streams.contract.metrics.all_metrics import METRICS
from streams.contract.metrics.metric import Metric, MetricKind, Process
from tests.system.alerts.rule_tests import samples_needed

_NO_PAST: Final = "it holds a platform against its own past, and one that was not looked at has none"
_NO_DATE: Final = (
    "what is counted before anybody looks may be years old, and accuses nobody; what goes on afterwards is told"
)
_NO_MEASURES: Final = "it reads nothing that is measured again with a changelog"
_NO_VOLUME: Final = "it reads no number of events or reports, only what holds now"
_NO_PERIOD: Final = "it reads nothing that is judged by the period of a rule"

_REASONS_BY_ALERT: Final[Mapping[str, Mapping[str, str]]] = {
    "SafeclockUrgentOverdueUnreviewed": {"first looked at": _NO_PAST, "born": _NO_PAST},
    "SafeclockPlatformNeverComplete": {
        "rebuilt": "it waits for two days of fresh figures, and no changelog is measured again while they are fresh"
    },
    "SafeclockBacklogGrowing": {"first looked at": _NO_PAST, "born": _NO_PAST},
    "SafeclockVolumeDropped": {"first looked at": _NO_PAST, "born": _NO_PAST},
    "SafeclockRefusalsRising": {"first looked at": _NO_DATE},
    "SafeclockWrongPartition": {"first looked at": _NO_DATE},
    "SafeclockClockSkew": {"first looked at": _NO_DATE},
    "SafeclockHeartbeatGaps": {"first looked at": _NO_DATE},
    "SafeclockConflicts": {"first looked at": _NO_DATE},
    "SafeclockWorkerRestarting": {"restarted": "restarts are what it tells: each one more of them counts"},
    "SafeclockFiguresStale": {
        "born": "it reads the age of the figures alone: nothing else could have been there before",
        "rebuilt": "figures are stale while a changelog is measured again, and that is what it tells",
    },
    "SafeclockRecordsLost": {
        "rebuilt": "a new changelog has counted no gap: what was lost before is not counted again"
    },
    "SafeclockInternalRefusal": {
        "rebuilt": "an event that is refused again shows that the fault is still there: the page is right"
    },
    "SafeclockUndecodableBatch": {
        "rebuilt": "a batch that is refused again is still on its topic, and what it holds is in no figure"
    },
    "SafeclockOverCapacity": {"rebuilt": "what is refused again is beyond a capacity that is still in force"},
    "SafeclockCapacityNearlyUsed": {"rebuilt": "it tells how much a partition remembers, whenever that was measured"},
    "SafeclockVerdictDecided": {"rebuilt": "a verdict is named once when it is first seen, also after a new changelog"},
    "SafeclockWatchdog": {"born": "it reads nothing, and so nothing that could be born"},
}


def exemption_reasons(alert: Alert) -> Mapping[str, str]:
    """Return why situations do not apply to an alert, by their names: by what it reads, and of its own."""
    read = _metrics_read(alert)
    no_volume = not any(
        metric.kind is MetricKind.COUNTER or metric.name == "safeclock_objective_reports" for metric in read
    )
    no_period = not any(metric.name.startswith("safeclock_objective_") for metric in read)
    general = (
        ({"rebuilt": _NO_MEASURES} if not read else {})
        | ({"volume": _NO_VOLUME} if no_volume else {})
        | ({"period": _NO_PERIOD} if no_period else {})
    )
    return {**general, **_REASONS_BY_ALERT.get(alert.name, {})}


def _metrics_read(alert: Alert) -> list[Metric]:
    """Return the metrics of the boards that an alert reads, itself or through recordings."""
    names = {
        name
        for expr in (alert.expr, *(recording.expr for recording in samples_needed(alert)))
        for name in re.findall(r"(?<!:)\bsafeclock_\w+\b(?!:)", expr)
    }
    return [metric for metric in METRICS if metric.name in names and metric.process is Process.BOARD]


ALERTS_WITH_REASONS: Final = _REASONS_BY_ALERT.keys()
"""Of which alerts there are reasons of their own."""
