"""What is suspended when the state of one platform cannot be committed."""

import pytest

from streams.contract.outputs import report_updates
from streams.domain.duration_bins import HOUR
from streams.domain.ledger.report_updates import DeadlinesPassed, ReportUpdate
from streams.runtime.journal.journal import Row
from streams.runtime.partition.commits.suspension import (
    SharedTopicsError,
    SuspendedPlatforms,
    encode_updates,
    oversized_platforms,
    platform_of,
    suspension_scope,
    without_platforms,
)

OWNERS = {
    "filed.harbor": frozenset({"harbor"}),
    "taken.harbor": frozenset({"harbor"}),
    "filed.lantern": frozenset({"lantern"}),
    "taken": frozenset({"lantern", "meadow"}),
    "filed.meadow": frozenset({"meadow"}),
}
HARBOR = frozenset({"filed.harbor", "taken.harbor"})
SHARED = frozenset({"filed.lantern", "taken", "filed.meadow"})
SIBLINGS = dict.fromkeys(HARBOR, HARBOR) | dict.fromkeys(SHARED, SHARED)
INTERNAL_ERROR = RuntimeError("a fault of ours")
ROWS: dict[bytes, bytes | None] = {
    b"r|harbor|k1_a": b"row",
    b"c|harbor|20100/01|gaaaabEU": b"part",
    b"n|harbor": b"counters",
    b"r|lantern|k1_b": None,
    b"n|": b"counters",
    b"k|time_to_action@1": b"clock",
}


def test_a_platform_with_topics_of_its_own_is_suspended_alone() -> None:
    found = suspension_scope({"harbor": INTERNAL_ERROR}, OWNERS, SIBLINGS)

    assert found.platforms == {"harbor"}
    assert found.topics == HARBOR


def test_platforms_that_share_a_topic_are_suspended_together() -> None:
    found = suspension_scope({"lantern": INTERNAL_ERROR}, OWNERS, SIBLINGS)

    assert found.platforms == {"lantern", "meadow"}
    assert found.topics == SHARED


@pytest.mark.parametrize("name", ["departed", ""])
def test_what_has_no_topic_is_let_go_alone(name: str) -> None:
    assert suspension_scope({name: INTERNAL_ERROR}, OWNERS, SIBLINGS) == (frozenset({name}), frozenset())


def test_with_an_open_registry_nobody_is_suspended() -> None:
    with pytest.raises(SharedTopicsError) as raised:
        suspension_scope({"harbor": INTERNAL_ERROR}, {"report-filed": frozenset()}, {})

    assert raised.value.__cause__ is INTERNAL_ERROR


def test_rows_are_distinguished_by_their_platform() -> None:
    assert [platform_of(key) for key in ROWS] == ["harbor", "harbor", "harbor", "lantern", "", None]
    assert list(without_platforms(ROWS, {"harbor"})) == [b"r|lantern|k1_b", b"n|", b"k|time_to_action@1"]


def test_an_update_that_cannot_be_published_names_its_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [DeadlinesPassed(key, 0, HOUR, ()) for key in (b"harbor|k1_a", b"lantern|k1_b", b"harbor|k1_c")]
    encode = report_updates.encode_report_update

    def failing(notice: ReportUpdate) -> bytes:
        if notice.key.startswith(b"harbor"):
            raise INTERNAL_ERROR
        return encode(notice)

    monkeypatch.setattr(report_updates, "encode_report_update", failing)
    rows, faults = encode_updates(found)

    assert [key for key, _ in rows] == [b"lantern|k1_b"]
    assert faults == {"harbor": INTERNAL_ERROR}


def test_nothing_more_is_published_of_a_suspended_platform() -> None:
    suspended = SuspendedPlatforms(0, OWNERS, SIBLINGS)
    rows: list[Row] = [(b"harbor|k1_a", b"one"), (b"lantern|k1_b", b"two")]

    before = suspended.without_suspended(rows)
    suspended.suspend({"harbor": INTERNAL_ERROR})

    assert before == rows
    assert suspended.without_suspended(rows) == rows[1:]


def test_a_row_that_does_not_fit_names_its_platform() -> None:
    rows = {**ROWS, b"r|meadow|k1_c": bytes(1_000)}

    found = oversized_platforms(rows, 1_000)

    assert list(found) == ["meadow"]
    assert "expected a row of at most 1000 bytes" in str(found["meadow"])
    assert oversized_platforms(rows, 2_000) == {}
