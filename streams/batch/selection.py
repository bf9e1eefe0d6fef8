"""Choose the reports whose figures are wanted: by labels as filed, by jurisdiction, and by filing day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from streams.contract.registry.jurisdictions import OTHER_GROUP, UNKNOWN_JURISDICTION, Groups
from streams.domain.cohorts.cohort import CohortKey, parse_key
from streams.domain.vocabulary import Basis, Channel, Harm, Reporter, Severity

_WORDS: Final[Mapping[str, type[StrEnum]]] = {
    "harm": Harm,
    "reporter": Reporter,
    "channel": Channel,
    "basis": Basis,
    "severity": Severity,
}
_FLAGS: Final = {"true": True, "false": False}
_LABELS: Final = (*_WORDS, "trusted_flagger")


class SelectionError(ValueError):
    """A selection that is not possible; the message says what was expected."""


class Selection(NamedTuple):
    """Which reports count: `labels` by name with the accepted words, the jurisdiction group, and filing days.

    Every condition must hold; an empty one holds for all reports. `first_day` and `last_day` are days since 1970, both
    included.
    """

    labels: Mapping[str, frozenset[object]] = {}
    jurisdiction: str = ""
    first_day: int | None = None
    last_day: int | None = None

    def has(self, key: CohortKey) -> bool:
        """Return whether the reports of a cohort count."""
        if self.first_day is not None and key.day < self.first_day:
            return False
        if self.last_day is not None and key.day > self.last_day:
            return False
        labels = key.labels
        if self.jurisdiction and self.jurisdiction not in labels.jurisdictions.split("+"):
            return False
        return all(getattr(labels, name) in words for name, words in self.labels.items())

    def cohorts(self, cohorts: Mapping[str, Mapping[bytes, int]]) -> Iterator[tuple[str, Mapping[bytes, int]]]:
        """Yield the stored cohorts whose reports count."""
        return ((name, cohort) for name, cohort in cohorts.items() if self.has(parse_key(name)))


ALL_REPORTS: Final = Selection()


def parse_labels(texts: Iterable[str]) -> dict[str, frozenset[object]]:
    """Return the labels of texts such as `harm=grooming,reporter=guardian`; a repeated label accepts several words.

    Raises SelectionError for a text of another form, a label that reports do not have, or a word that it does not have.
    """
    found: defaultdict[str, set[object]] = defaultdict(set)
    for condition in (part for text in texts for part in text.split(",")):
        name, equals, word = condition.partition("=")
        if not equals:
            raise SelectionError("--where: expected LABEL=WORD, such as harm=grooming")
        found[name].add(_parse_word(name, word))
    return {name: frozenset(words) for name, words in found.items()}


def _parse_word(name: str, word: str) -> object:
    if name == "trusted_flagger":
        if word not in _FLAGS:
            raise SelectionError("--where: trusted_flagger: expected true or false")
        return _FLAGS[word]
    if name not in _WORDS:
        raise SelectionError(f"--where: expected a label of {', '.join(_LABELS)}")
    try:
        return _WORDS[name](word)
    except ValueError:
        raise SelectionError(f"--where: {name}: expected one of {', '.join(_WORDS[name])}") from None


def find_group(code: str, groups: Groups) -> str:
    """Return the group of jurisdictions with this name, or of exactly this country.

    Raises SelectionError for a country that figures do not tell apart from others of its group.
    """
    names = (*groups, OTHER_GROUP, UNKNOWN_JURISDICTION)
    alone = [name for name, countries in groups.items() if countries == {code}]
    if code in names:
        return code
    if alone:
        return alone[0]
    raise SelectionError(
        f"--jurisdiction: expected one of {', '.join(names)}, or a country that is a group of its own: cohorts tell"
        " countries apart only by the registry's groups"
    )
