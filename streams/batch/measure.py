"""Compute the figures of files for `safeclock measure`, with the same ledger as the worker."""

from collections.abc import Mapping, Sequence

from streams.batch.load import LoadedFiles
from streams.batch.selection import ALL_REPORTS, Selection
from streams.contract.outputs.measure_report import group_report, history_warnings, measure_report
from streams.contract.packs.exported_clocks import exported_clocks
from streams.domain.cohorts.calendar import PERIOD_NAMES, parse_period
from streams.domain.cohorts.statistics import group_key, samples_by_group
from streams.domain.duration_bins import DAY
from streams.domain.integrity.event_summary import zero_duration_warnings


def measure(loaded: LoadedFiles, label_names: Sequence[str], selection: Selection = ALL_REPORTS) -> dict[str, object]:
    """Return the document of figures, one group for each combination of the labels `label_names`.

    Only the reports of `selection` count. A group of a week, month or quarter says whether the period is `partial`.

    Raises UnknownLabelError for a label that reports do not have.
    """
    cohorts = selection.cohorts(loaded.ledger.stored_cohorts())
    found = samples_by_group(cohorts, group_key(label_names), loaded.watermark)
    counters = loaded.ledger.counters()
    event_summaries = loaded.summarizer.summaries()
    warnings_by_platform = {
        platform: [*summary.warnings, *zero_duration_warnings(counters[platform])]
        for platform, summary in event_summaries.items()
    }
    clocks, history_spans = exported_clocks(loaded.rulebook), loaded.registry.history_texts()
    groups = []
    for name, sample in found.items():
        labels = dict(zip(label_names, name, strict=True))
        group_warnings = [
            *_group_warnings(labels, warnings_by_platform),
            *history_warnings(history_spans, labels.get("platform")),
        ]
        report = group_report(labels, sample, clocks, loaded.as_of or 0, group_warnings)
        groups.append({**report, **_partial(labels, selection, loaded.as_of or 0)})
    return measure_report(loaded.as_of, loaded.rulebook.name, groups, counters, history_spans)


def _partial(labels: Mapping[str, str], selection: Selection, as_of: int) -> dict[str, bool]:
    """Return whether the period of a group is only partly in the figures; nothing for a group without a period."""
    periods = [parse_period(labels[unit]) for unit in PERIOD_NAMES if unit in labels]
    if not periods:
        return {}
    first = max(period.first_day for period in periods)
    last = min(period.last_day for period in periods)
    is_cut = (selection.first_day is not None and selection.first_day > first) or (
        selection.last_day is not None and selection.last_day < last
    )
    return {"partial": is_cut or as_of // DAY <= last}


def _group_warnings(labels: Mapping[str, str], warnings: Mapping[str, list[str]]) -> list[str]:
    """Return the warnings of a group's platforms; they begin with the platform if the group can have several."""
    if "platform" in labels:
        return warnings.get(labels["platform"], [])
    return [f"{platform}: {warning}" for platform, found in sorted(warnings.items()) for warning in found]
