"""Check whether a platform changed or left out labels in the current window, which would change the mix of its reports."""

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Final

from streams.domain.cohorts.cohort import CohortKey
from streams.domain.integrity.checks import INTEGRITY_CHECKS, labels_downgraded, missing_labels_increase
from streams.domain.integrity.classifier import ReportClassifier
from streams.domain.integrity.counts import CheckInput, TraitCounts
from streams.domain.verdict.comparison.filed_weeks import week_of
from streams.domain.verdict.decision import Rule

_LABEL_CHECKS: Final = tuple(
    check for check in INTEGRITY_CHECKS if check.measure in {labels_downgraded, missing_labels_increase}
)


class LabelChecks:
    """The integrity checks of labels, on the windows of a rule; `classifier_of` returns a platform's classifier."""

    def __init__(self, rule: Rule, classifier_of: Callable[[str], ReportClassifier]) -> None:
        self._rule, self._classifier_of = rule, cache(classifier_of)
        self._counts: defaultdict[tuple[str, bool], TraitCounts] = defaultdict(TraitCounts)

    def add(self, key: CohortKey, name: bytes, by: int) -> None:
        """Count that the number that a cohort stores under `name` has changed by `by`."""
        is_current = self._rule.current.has(week_of(key.day))
        self._classifier_of(key.platform).count(self._counts[key.platform, is_current], key, name, by)

    def failed(self, platform: str) -> tuple[str, ...]:
        """Return the names of the checks that fail in the current window, compared with the baseline."""
        found = CheckInput(self._counts[platform, True], self._counts[platform, False], {}, is_declared_complete=True)
        ratios = {check.name: check.ratio(found) for check in _LABEL_CHECKS}
        return tuple(name for name, ratio in ratios.items() if ratio is not None and ratio > 1)
