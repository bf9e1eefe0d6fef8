"""One way to read lines: whatever a file is packed in, the same lines come out, and memory is bounded."""

import gzip
import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from backports import zstd

from streams.edge.files import line_blocks
from streams.edge.files.input_file import STDIN, ByteSource, InputFile, UnreadableFileError, is_rereadable
from streams.edge.files.line_blocks import read_blocks

LINES = [b'{"a":1}', b"", b'{"b":2}', "ü".encode(), b"last"]


def _skippable(content: bytes) -> bytes:
    return b"\x5a\x2a\x4d\x18\x04\x00\x00\x00four" + zstd.compress(content)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip of two members": lambda content: gzip.compress(content[:7]) + gzip.compress(content[7:]),
    "zstd": zstd.compress,
    "zstd of two frames": lambda content: zstd.compress(content[:7]) + zstd.compress(content[7:]),
    "zstd after a frame to skip": _skippable,
}
LINE_ENDINGS = {
    "LF": b"\n".join(LINES) + b"\n",
    "no line break at the end": b"\n".join(LINES),
    "CR LF": b"\r\n".join(LINES) + b"\r\n",
    "CR LF and none at the end": b"\r\n".join(LINES) + b"\r",
    "a byte order mark": b"\xef\xbb\xbf" + b"\n".join(LINES) + b"\n",
}


def numbered(*paths: Path) -> list[tuple[int, bytes]]:
    return [(block.first_line + index, line) for block in read_blocks(paths) for index, line in block.non_blank_lines()]


EXPECTED = [(1, LINES[0]), (3, LINES[2]), (4, LINES[3]), (5, LINES[4])]


@pytest.fixture
def feed_stdin() -> Iterator[Callable[[Path, bytes], None]]:
    """Write content into a named pipe, byte by byte at first, while somebody reads it."""
    threads: list[threading.Thread] = []

    def feed(pipe: Path, content: bytes) -> None:
        def write() -> None:
            with pipe.open("wb", buffering=0) as end:
                for byte in content[:40]:
                    end.write(bytes([byte]))
                end.write(content[40:])

        os.mkfifo(pipe)
        threads.append(threading.Thread(target=write))
        threads[-1].start()

    yield feed
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("written", LINE_ENDINGS)
@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("at_once", [1, 5, 1 << 20])
def test_the_same_lines_come_out_whatever_they_are_packed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, packed: str, at_once: int
) -> None:
    monkeypatch.setattr(line_blocks, "_BLOCK_BYTES", at_once)
    path = tmp_path / "events.of.any.name"
    path.write_bytes(PACKED[packed](LINE_ENDINGS[written]))

    assert numbered(path) == EXPECTED


@pytest.mark.parametrize("packed", PACKED)
def test_a_named_pipe_gives_the_same_lines_however_slowly_it_is_fed(
    tmp_path: Path, feed_stdin: Callable[[Path, bytes], None], packed: str
) -> None:
    pipe = tmp_path / "pipe"
    feed_stdin(pipe, PACKED[packed](LINE_ENDINGS["a byte order mark"]))

    assert not is_rereadable(pipe)
    assert numbered(pipe) == EXPECTED


class SlowStream:
    """A pipe whose writer has written so many bytes whenever it is read, and all the rest afterwards."""

    def __init__(self, content: bytes, sizes: Sequence[int]) -> None:
        self._content = content
        self._sizes = iter(sizes)

    def read1(self, size: int = -1, /) -> bytes:
        """Return what has been written and is asked for."""
        end = min(len(self._content) if size < 0 else size, next(self._sizes, len(self._content)))
        found, self._content = self._content[:end], self._content[end:]
        return found


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("sizes", [(1,), (1, 1), (3,), (2, 1, 1), (4, 1)])
def test_how_a_file_is_packed_is_recognised_however_its_first_bytes_arrive(packed: str, sizes: Sequence[int]) -> None:
    content = LINE_ENDINGS["a byte order mark"]
    opened = InputFile("pipe", ByteSource(SlowStream(PACKED[packed](content), sizes)))

    found = b""
    while part := opened.read1(1 << 16):
        found += part

    assert found == content


def test_the_standard_input_may_be_compressed(tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.write_bytes(zstd.compress(LINE_ENDINGS["CR LF"]))
    kept = os.dup(0)
    with packed.open("rb") as file:
        os.dup2(file.fileno(), 0)
        try:
            found = numbered(STDIN)
        finally:
            os.dup2(kept, 0)
            os.close(kept)

    assert found == EXPECTED
    assert not is_rereadable(STDIN)


def test_lines_of_a_compressed_pipe_come_before_it_is_closed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    first = threading.Event()
    packer = zstd.ZstdCompressor()

    def write() -> None:
        with pipe.open("wb", buffering=0) as end:
            end.write(packer.compress(b"one\n", zstd.ZstdCompressor.FLUSH_BLOCK))
            first.wait(60)
            end.write(packer.compress(b"two\n", zstd.ZstdCompressor.FLUSH_FRAME))

    writer = threading.Thread(target=write)
    writer.start()
    reading = read_blocks([pipe])
    found = next(reading).lines
    first.set()

    assert (found, [block.lines for block in reading]) == ([b"one"], [[b"two"]])
    writer.join()


@pytest.mark.parametrize("packed", ["gzip", "zstd"])
@pytest.mark.parametrize("spoil", [lambda whole: whole[:-5], lambda whole: whole + b"more", lambda whole: whole[:30]])
def test_a_damaged_compressed_file_is_reported_by_its_name(
    tmp_path: Path, packed: str, spoil: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(spoil(PACKED[packed](os.urandom(20_000))))

    with pytest.raises(UnreadableFileError, match=r"damaged: expected one complete compressed file"):
        numbered(path)


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"")

    assert numbered(empty) == []


@pytest.mark.parametrize("filling", [b"x", b" ", b'{"a":"', b"\x00"])
@pytest.mark.parametrize("pack", ["plain", "gzip", "zstd"])
def test_a_line_without_end_takes_bounded_memory_and_is_never_blank(tmp_path: Path, filling: bytes, pack: str) -> None:
    path = tmp_path / "endless"
    path.write_bytes(PACKED[pack](filling * (64_000_000 // len(filling)) + b"garbage\nshort"))

    tracemalloc.start()
    found = [(number, len(line)) for number, line in numbered(path)]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == [(1, 1 << 16), (2, 5)]
    assert most < 16_000_000


@pytest.mark.parametrize("at_once", [1000, 1 << 16, 1 << 20])
def test_what_becomes_of_a_long_line_does_not_depend_on_how_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(line_blocks, "_BLOCK_BYTES", at_once)
    path = tmp_path / "long"
    path.write_bytes(b" " * 70_000 + b'{"a":1}\r\n' + b" " * 60_000 + b"\r\n" + b"x" * 70_000)

    assert numbered(path) == [(1, b"?" * (1 << 16)), (3, b"x" * (1 << 16))]


def test_what_was_read_of_the_file_itself_adds_up_to_its_size(tmp_path: Path) -> None:
    path = tmp_path / "packed"
    path.write_bytes(gzip.compress(b"".join(b"%d\n" % n for n in range(200_000))))

    assert sum(block.bytes_read for block in read_blocks([path])) == path.stat().st_size
