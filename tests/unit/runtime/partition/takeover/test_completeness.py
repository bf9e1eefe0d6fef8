"""What the changelog and the measures say of each other."""

import pytest

from streams.contract.outputs.measures import PartitionStatus
from streams.runtime.journal.checkpoint import Checkpoint
from streams.runtime.partition.takeover.completeness import StoredCommits, missing_commits


def state_written(position: int | None, status: int | None, first: int = 0) -> StoredCommits:
    """Return what was written by so many commits; None where a topic holds nothing."""
    return StoredCommits(
        "changelog 3",
        "measures 3",
        first,
        None if position is None else Checkpoint(commit_number=position),
        None if status is None else PartitionStatus(1, 1, 4, "pack", "registry", commit_number=status),
    )


@pytest.mark.parametrize(("position", "status"), [(7, 7), (None, None), (0, 0), (0, None)])
def test_topics_of_the_same_commit_do_not_contradict_each_other(position: int | None, status: int | None) -> None:
    assert missing_commits(state_written(position, status), transactions=True) is None


@pytest.mark.parametrize(
    ("position", "status", "said"),
    [
        (None, 7, "changelog 3: expected all records up to commit 7, got none"),
        (None, 0, "changelog 3: expected all records up to commit 0, got none"),
        (5, 7, "changelog 3: expected all records up to commit 7, got commit 5"),
        (7, None, "measures 3: expected all records up to commit 7, got none"),
        (7, 5, "measures 3: expected all records up to commit 7, got commit 5"),
    ],
)
def test_the_topic_that_lacks_commits_is_named(position: int | None, status: int | None, said: str) -> None:
    missing = missing_commits(state_written(position, status), transactions=True)

    assert missing is not None
    assert missing.startswith(said)


def test_without_transactions_the_last_values_may_be_missing_and_no_others() -> None:
    assert missing_commits(state_written(7, 6), transactions=False) is None
    assert missing_commits(state_written(7, 6), transactions=True) is not None
    assert missing_commits(state_written(7, 5), transactions=False) is not None
    assert missing_commits(state_written(6, 7), transactions=False) is not None


def test_a_changelog_of_which_the_beginning_was_deleted_is_not_there_in_full() -> None:
    missing = missing_commits(state_written(7, 7, first=12), transactions=True)

    assert missing == "changelog 3: expected a log that begins at offset 0, got one that begins at 12"
