"""`safeclock measure`: the figures of files, by the same ledger that the worker runs."""

from collections.abc import Mapping, Sequence

from streams.batch.load import LoadedFiles
from streams.contract.outputs.measure_report import group_report, history_warnings, measure_report
from streams.contract.packs.exported_clocks import exported_clocks
from streams.domain.cohorts.statistics import group_key, samples_by_group
from streams.domain.integrity.event_summary import zero_duration_warnings


def measure(loaded: LoadedFiles, label_names: Sequence[str]) -> dict[str, object]:
    """Return the document of what was read, one group for each combination of the labels `label_names`.

    Raises UnknownLabelError for a label that reports do not have.
    """
    cohorts = loaded.ledger.stored_cohorts().items()
    found = samples_by_group(cohorts, group_key(label_names), loaded.watermark)
    tallies = loaded.ledger.counters()
    habits = loaded.summarizer.summaries()
    remarks = {
        platform: [*seen.warnings, *zero_duration_warnings(tallies[platform])] for platform, seen in habits.items()
    }
    clocks, opened = exported_clocks(loaded.rulebook), loaded.registry.history_texts()
    groups = []
    for name, sample in found.items():
        labels = dict(zip(label_names, name, strict=True))
        said = [*_group_warnings(labels, remarks), *history_warnings(opened, labels.get("platform"))]
        groups.append(group_report(labels, sample, clocks, loaded.as_of or 0, said))
    return measure_report(loaded.as_of, loaded.rulebook.name, groups, tallies, opened)


def _group_warnings(labels: Mapping[str, str], warnings: Mapping[str, list[str]]) -> list[str]:
    """Return the remarks on the platforms in a group, named where the group is not one platform's."""
    if "platform" in labels:
        return warnings.get(labels["platform"], [])
    return [f"{platform}: {remark}" for platform, found in sorted(warnings.items()) for remark in found]
