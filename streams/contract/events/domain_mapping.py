"""Map the data of an event to what the ledger needs: encoded labels, action kinds, and canonical bytes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, get_args

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from streams.contract.events.schema.action_data import AccountRestricted, ActionTaken, Restricted, Reversed
from streams.contract.events.schema.event_data import EventData, ReportAmended, ReportFiled
from streams.contract.registry.jurisdictions import Groups, group_names
from streams.domain import labels
from streams.domain.events import ActionKind
from streams.domain.labels import Labels
from streams.domain.vocabulary import (
    FINAL_RESTRICTIONS,
    Basis,
    Channel,
    Harm,
    Outcome,
    Reporter,
    Restriction,
    Reversal,
    Severity,
)

_OUTCOME_BY_TYPE: Final[Mapping[type[EventData], Outcome]] = {
    kind: Outcome(str(kind.__struct_config__.tag)) for kind in get_args(ActionTaken)
}
_KIND_BY_TYPE: Final = {
    kind: ActionKind(outcome)
    for kind, outcome in _OUTCOME_BY_TYPE.items()
    if kind not in {Restricted, AccountRestricted, Reversed}
}
_SET_FIELDS: Final[Mapping[type[EventData], str]] = {
    ReportFiled: "jurisdictions",
    ReportAmended: "jurisdictions",
    Restricted: "restrictions",
    AccountRestricted: "restrictions",
}
_encode_json: Final = msgspec.json.Encoder().encode

MAX_CACHED_SET_SIZE: Final = 32
"""The largest set that is cached: each larger one takes kilobytes, and the number of possible orders has no bound."""


class LabelEncoder:
    """Encodes the labels of filings under one registry's groups; `encode_cached` is `encode` with a cache."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        # Few distinct sets of labels occur; a publisher that invents new ones only evicts entries of this cache.
        self.encode_cached = lru_cache(maxsize=65536)(self.encode)

    def encode(  # noqa: PLR0913, PLR0917 - every label is part of the cache key
        self,
        harm: Harm,
        reporter: Reporter,
        trusted_flagger: bool,  # noqa: FBT001 - as above
        channel: Channel,
        basis: Basis,
        severity: Severity,
        jurisdictions: tuple[str, ...],
    ) -> str:
        """Return the encoded labels; raises ValueError, without the code, for an unassigned or repeated country."""
        groups = group_names(sorted_set(jurisdictions), self._groups)
        return labels.encode_labels(Labels(harm, reporter, trusted_flagger, channel, basis, severity, groups))


def action_kind(data: ActionTaken) -> ActionKind:
    """Return the action kind of an action; raises ValueError for a repeated restriction."""
    kind = _KIND_BY_TYPE.get(type(data))
    if kind is not None:
        return kind
    if isinstance(data, Restricted | AccountRestricted):
        return _restriction_kind(_OUTCOME_BY_TYPE[type(data)], data.restrictions, data.interim)
    assert isinstance(data, Reversed), "expected one action kind for every other outcome"
    return _reversal_kind(data.of)


def with_sorted_sets(data: EventData) -> EventData:
    """Return `data` with its set sorted, so that equal data have equal bytes.

    Raises ValueError, without the word, if the set contains a word twice.
    """
    field = _SET_FIELDS.get(type(data))
    if field is None:
        return data
    values = getattr(data, field)
    if values is UNSET or len(values) == 1 or values == sorted_set(values):
        return data
    return replace(data, **{field: sorted_set(values)})


def canonical_bytes(name: tuple[str, str, str, str], occurred_at: int, data: EventData) -> bytes:
    """Return bytes that are equal for two events exactly if their content is; `name` is type, platform, subject, id.

    The bytes are compact JSON of `[[type, platform, subject, id], time in ms, data]`: fields of the data in declared
    order without those that equal their default, sets sorted. The spelling, mode and log time have no influence.
    Raises ValueError, without the word, if a set contains a word twice.
    """
    return _encode_json((name, occurred_at, with_sorted_sets(data)))


def sorted_set(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return a set's words sorted; raises ValueError, without the word, if the set contains a word twice."""
    return _sorted_small_set(values) if len(values) <= MAX_CACHED_SET_SIZE else _sorted_small_set.__wrapped__(values)


@lru_cache(maxsize=4096)
def _sorted_small_set(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("expected every word once")
    return tuple(sorted(values))


@lru_cache(maxsize=4096)
def _restriction_kind(outcome: Outcome, restrictions: tuple[Restriction, ...], is_interim: bool) -> ActionKind:  # noqa: FBT001 - part of the cache key
    sorted_set(restrictions)
    return ActionKind(outcome, is_final=not is_interim and not FINAL_RESTRICTIONS.isdisjoint(restrictions))


@lru_cache
def _reversal_kind(of: Reversal) -> ActionKind:
    return ActionKind(Outcome.REVERSED, reversed_decision=of)
