"""`safeclock measure`: the figures of files, by the same ledger that the worker runs."""

from collections.abc import Mapping, Sequence

from streams.batch.reading import Read
from streams.contract.document import document, group
from streams.domain.clocks import STANDARD_PACK
from streams.domain.figures import grouping, samples
from streams.domain.survey import Habits


def measure(read: Read, by: Sequence[str]) -> dict[str, object]:
    """Return the document of what was read, one group for each combination of the labels `by`.

    Raises UnknownLabelError for a label that reports do not have.
    """
    cohorts = read.ledger.stored_cohorts().items()
    found = samples(cohorts, len(read.rules.clocks), grouping(by), read.through)
    habits = read.survey.habits()
    groups = []
    for name, sample in found.items():
        labels = dict(zip(by, name, strict=True))
        groups.append(group(labels, sample, read.rules.clocks, _remarks(labels, habits)))
    return document(read.as_of, STANDARD_PACK, groups, read.ledger.counters())


def _remarks(labels: Mapping[str, str], habits: Mapping[str, Habits]) -> list[str]:
    """Return the remarks on the platforms in a group, named where the group is not one platform's."""
    if "platform" in labels:
        return habits[labels["platform"]].remarks if labels["platform"] in habits else []
    return [f"{platform}: {remark}" for platform, seen in sorted(habits.items()) for remark in seen.remarks]
