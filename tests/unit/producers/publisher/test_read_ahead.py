"""Lines in blocks: none lost, none doubled, numbered through."""

from pathlib import Path

import pytest

from producers.publisher.upload.read_ahead import ReadAhead
from streams.edge.files import line_blocks
from streams.edge.files.line_blocks import group_lines, read_blocks


def test_lines_are_numbered_over_all_files_and_placed_in_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_blocks, "_BLOCK_BYTES", 5)
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"a\nbb\n\nccc")
    two.write_bytes(b"dddddddddddd\ne\n")

    found = [
        (block.first_line + index, block.location(index).rpartition("/")[2], line)
        for block in read_blocks([one, two])
        for index, line in enumerate(block.lines)
    ]

    assert found == [
        (1, "one:1", b"a"),
        (2, "one:2", b"bb"),
        (3, "one:3", b""),
        (4, "one:4", b"ccc"),
        (5, "two:1", b"dddddddddddd"),
        (6, "two:2", b"e"),
    ]


def test_a_line_without_end_is_not_kept_whole(tmp_path: Path) -> None:
    path = tmp_path / "endless"
    path.write_bytes(b"x" * 5_000_000)

    (block,) = read_blocks([path])

    assert len(block.lines) == 1
    assert 16 * 1024 < len(block.lines[0]) < 2_000_000


def test_what_reading_raises_is_raised_where_the_lines_are_used(tmp_path: Path) -> None:
    ahead = ReadAhead(read_blocks([tmp_path / "missing"]))

    with pytest.raises(FileNotFoundError):
        ahead.next_block()


def test_reading_ahead_ends_where_nobody_wants_the_rest() -> None:
    ahead = ReadAhead(group_lines(b"line" for _ in range(100_000)))
    first = ahead.next_block()
    ahead.stop()

    rest = list(iter(ahead.next_block, None))

    assert first is not None
    assert len(rest) < 20
