"""`safeclock measure`: the figures of files, by the same ledger that the worker runs."""

from collections.abc import Mapping, Sequence

from streams.batch.load import Read
from streams.contract.outputs.measure_report import group_report, history_warnings, measure_report
from streams.contract.packs.exported_clocks import exported_clocks
from streams.domain.figures import grouping, samples
from streams.domain.survey import at_once


def measure(read: Read, by: Sequence[str]) -> dict[str, object]:
    """Return the document of what was read, one group for each combination of the labels `by`.

    Raises UnknownLabelError for a label that reports do not have.
    """
    cohorts = read.ledger.stored_cohorts().items()
    found = samples(cohorts, grouping(by), read.through)
    tallies = read.ledger.counters()
    habits = read.survey.habits()
    remarks = {platform: [*seen.remarks, *at_once(tallies[platform])] for platform, seen in habits.items()}
    clocks, opened = exported_clocks(read.rulebook), read.registry.history_texts()
    groups = []
    for name, sample in found.items():
        labels = dict(zip(by, name, strict=True))
        said = [*_of_group(labels, remarks), *history_warnings(opened, labels.get("platform"))]
        groups.append(group_report(labels, sample, clocks, read.as_of or 0, said))
    return measure_report(read.as_of, read.rulebook.name, groups, tallies, opened)


def _of_group(labels: Mapping[str, str], remarks: Mapping[str, list[str]]) -> list[str]:
    """Return the remarks on the platforms in a group, named where the group is not one platform's."""
    if "platform" in labels:
        return remarks.get(labels["platform"], [])
    return [f"{platform}: {remark}" for platform, found in sorted(remarks.items()) for remark in found]
