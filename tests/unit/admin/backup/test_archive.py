from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.admin.backup.archive import (
    Manifest,
    prepare_folder,
    read_manifest,
    read_rows,
    verify_files,
    write_manifest,
    write_rows,
)
from streams.admin.backup.backup import consistent_measures, open_application
from streams.admin.backup.restore_backup import open_backup
from streams.admin.errors import OperatingError
from streams.admin.topic_reader import BrokerAddress
from streams.contract.outputs.measures import STATUS_KEY
from streams.contract.registry.registry import Registry

TOPICS = ("safeclock-changelog", "measures")
KEYS = st.sampled_from([b"c|meadow|x", b"n|meadow", b"k|act@1", b"r|meadow|y", b"p", STATUS_KEY])
ROWS = st.dictionaries(KEYS, st.binary(max_size=3))


def write_archive(folder: Path, partitions: int = 2) -> Manifest:
    """Write a backup with a row per file."""
    parts = [
        write_rows(folder, topic, number, {b"p": b"%d" % number}) for topic in TOPICS for number in range(partitions)
    ]
    manifest = Manifest(
        application="safeclock",
        partitions=partitions,
        registry="hash",
        taken_at="2026-01-05T00:00:00.000Z",
        topics=dict.fromkeys(TOPICS, "id"),
        files=parts,
    )
    write_manifest(folder, manifest)
    return manifest


def test_nobody_else_may_read_what_is_kept_of_single_reports(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    write_archive(tmp_path)

    assert {file.name: file.stat().st_mode & 0o077 for file in tmp_path.iterdir() if file.stat().st_mode & 0o077} == {}
    assert len(list(tmp_path.iterdir())) == 5


@given(rows=st.dictionaries(st.binary(), st.binary()))
def test_what_was_written_is_read_back_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[bytes, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("backup")

    part = write_rows(folder, "measures", 3, rows)

    assert list(read_rows(folder, part).items()) == list(rows.items())
    assert part.rows == len(rows)


def test_a_whole_backup_is_one(tmp_path: Path) -> None:
    manifest = write_archive(tmp_path)

    verify_files(tmp_path, read_manifest(tmp_path), TOPICS)

    assert read_manifest(tmp_path) == manifest


def test_a_file_with_one_other_byte_is_damaged(tmp_path: Path) -> None:
    manifest = write_archive(tmp_path)
    file = tmp_path / manifest.files[2].file
    file.write_bytes(file.read_bytes()[:-1] + b"?")

    with pytest.raises(OperatingError, match=f"{file.name}: expected SHA-256 .* the backup is damaged"):
        verify_files(tmp_path, manifest, TOPICS)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    manifest = write_archive(tmp_path)
    (tmp_path / manifest.files[0].file).unlink()

    with pytest.raises(OperatingError, match="safeclock-changelog-0"):
        verify_files(tmp_path, manifest, TOPICS)


def test_a_partition_without_a_file_is_named(tmp_path: Path) -> None:
    write_archive(tmp_path)
    wider = Manifest(
        application="safeclock", partitions=3, registry="", taken_at="", topics={}, files=read_manifest(tmp_path).files
    )

    with pytest.raises(OperatingError, match="measures 2, safeclock-changelog 2"):
        verify_files(tmp_path, wider, TOPICS)


@pytest.mark.parametrize(("application", "partitions"), [("another", 2), ("safeclock", 3)])
def test_the_backup_of_another_application_is_not_opened(tmp_path: Path, application: str, partitions: int) -> None:
    write_archive(tmp_path)
    one = open_application(BrokerAddress("nowhere:1"), application, Registry({}, partitions=partitions))

    with pytest.raises(
        OperatingError, match=f"a backup of {application} with {partitions} partitions, got one of safe"
    ):
        open_backup(one, tmp_path)


@pytest.mark.parametrize("content", [None, b"{", b'{"format": 2}'])
def test_a_folder_without_a_manifest_that_can_be_read_is_no_backup(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)

    with pytest.raises(OperatingError, match="expected a"):
        read_manifest(tmp_path)


def test_a_backup_is_not_written_over_something_else(tmp_path: Path) -> None:
    (tmp_path / "notes").touch()

    with pytest.raises(OperatingError, match="empty folder"):
        prepare_folder(tmp_path)


@given(rows=ROWS, published=ROWS)
def test_measures_are_kept_as_the_changelog_has_them(rows: dict[bytes, bytes], published: dict[bytes, bytes]) -> None:
    measures, differing = consistent_measures(rows, published)

    figures = {key: value for key, value in measures.items() if key != STATUS_KEY}
    assert figures == {key: value for key, value in rows.items() if key[:2] in (b"c|", b"n|", b"k|")}
    assert measures.get(STATUS_KEY) == published.get(STATUS_KEY)
    assert (differing == 0) == (
        figures == {key: value for key, value in published.items() if key[:2] in (b"c|", b"n|", b"k|")}
    )
