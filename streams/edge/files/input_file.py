"""Files and pipes opened for reading, plain or compressed: the only place that opens what holds events.

Gzip (RFC 1952) and zstd (RFC 8878) are recognised by their first bytes, never by a file's name, so that a pipe may be
compressed, too. Nothing is read further than what was asked for, so that a compressed bomb takes no memory.
"""

import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdError, ZstdFile
else:
    from backports.zstd import DecompressionParameter, ZstdError, ZstdFile

STDIN: Final = Path("-")
"""The path that stands for the standard input."""

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_MAGIC_BYTES: Final = 4
# What `zstd` without `--long` never exceeds: 128 MiB, which is all that a reader of a hostile file can be made to take.
_MAX_WINDOW_LOG: Final = 27


class UnreadableFileError(OSError):
    """A compressed file that cannot be decompressed to its end."""


class Readable(Protocol):
    """A source of bytes."""

    def read1(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, as many as can be had without waiting again; nothing at the end."""


class ByteSource:
    """The bytes of an open file or pipe as they lie there; `taken` counts those that were read."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._peeked = b""
        self.bytes_read = 0

    def peek_magic(self) -> bytes:
        """Return the first four bytes without taking them; fewer where there are no more."""
        while (wanted := _MAGIC_BYTES - len(self._peeked)) and (more := self._stream.read1(wanted)):
            self._peeked += more
        return self._peeked

    def read1(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, as many as can be had without waiting again; nothing at the end."""
        if self._peeked:
            end = len(self._peeked) if size < 0 else size
            found, self._peeked = self._peeked[:end], self._peeked[end:]
        else:
            found = self._stream.read1(size)
        self.bytes_read += len(found)
        return found

    def read(self, size: int = -1, /) -> bytes:
        """Return as `read1` does, but no single byte where two were asked for: a gzip reader takes one for an end."""
        found = self.read1(size)
        return found + self.read1(size - 1) if len(found) == 1 and size > 1 else found


class InputFile:
    """An open file: what it holds, decompressed where it is compressed."""

    def __init__(self, name: str, source: ByteSource) -> None:
        self._name = name
        self._source = source
        self._content = _with_decompression(source)

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file itself were read."""
        return self._source.bytes_read

    def read1(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes of what the file holds; nothing at the end.

        Raises UnreadableError for a compressed file that is damaged or ends too early.
        """
        try:
            return self._content.read1(size)
        except (BadGzipFile, EOFError, zlib.error, ZstdError) as error:
            raise UnreadableFileError(
                f"{self._name}: expected one whole compressed file with a window of at most 128 MiB, "
                "it is damaged, cut off, or followed by other bytes"
            ) from error


@contextmanager
def open_input(path: Path) -> Iterator[InputFile]:
    """Open a file, a named pipe or, by `-`, the standard input for the block; raises OSError where that cannot be."""
    if path == STDIN:
        with open(0, "rb", closefd=False) as stream:
            yield InputFile(str(STDIN), ByteSource(stream))
    else:
        with path.open("rb") as stream:
            yield InputFile(str(path), ByteSource(stream))


def is_rereadable(path: Path) -> bool:
    """Whether a path can be read again from its beginning: a regular file can, a pipe of any kind cannot."""
    return path != STDIN and path.is_file()


def _with_decompression(source: ByteSource) -> Readable:
    first, file = source.peek_magic(), cast("BinaryIO", source)  # decompressors call nothing but `read`
    if first.startswith(_GZIP):
        return GzipFile(fileobj=file, mode="rb")
    # A frame that is to be skipped may come first: 16 magic numbers, of which the lowest four bits are free.
    if first == _ZSTD or (first[1:] == b"\x2a\x4d\x18" and first[:1].hex().startswith("5")):
        return ZstdFile(file, "rb", options={DecompressionParameter.window_log_max: _MAX_WINDOW_LOG})
    return source
