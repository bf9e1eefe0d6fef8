"""Open files and pipes with events, compressed or not; no other module opens them.

Gzip (RFC 1952) and zstd (RFC 8878) are recognised by their first bytes, not by the file's name, so that a pipe may be
compressed, too. Decompression stops at the requested size, so that a decompression bomb takes no memory.
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
"""The path that means standard input."""

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_MAGIC_BYTES: Final = 4
# This is 128 MiB, which `zstd` without `--long` never exceeds, so a hostile file cannot make a reader allocate more.
_MAX_WINDOW_LOG: Final = 27


class UnreadableFileError(OSError):
    """A compressed file that cannot be decompressed to its end."""


class Readable(Protocol):
    """A source of bytes."""

    def read1(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, as many as are available without waiting again; b"" at the end."""


class ByteSource:
    """The undecoded bytes of an open file or pipe; `bytes_read` counts those that were read."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._peeked = b""
        self.bytes_read = 0

    def peek_magic(self) -> bytes:
        """Return the first four bytes without consuming them; fewer if there are no more."""
        while (wanted := _MAGIC_BYTES - len(self._peeked)) and (chunk := self._stream.read1(wanted)):
            self._peeked += chunk
        return self._peeked

    def read1(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, as many as are available without waiting again; b"" at the end."""
        if self._peeked:
            end = len(self._peeked) if size < 0 else size
            chunk, self._peeked = self._peeked[:end], self._peeked[end:]
        else:
            chunk = self._stream.read1(size)
        self.bytes_read += len(chunk)
        return chunk

    def read(self, size: int = -1, /) -> bytes:
        """Return as `read1` does, but at least two bytes if possible: a gzip reader takes one byte for the end."""
        chunk = self.read1(size)
        return chunk + self.read1(size - 1) if len(chunk) == 1 and size > 1 else chunk


class InputFile:
    """The content of an open file, decompressed if necessary."""

    def __init__(self, name: str, source: ByteSource) -> None:
        self._name = name
        self._source = source
        self._content = _with_decompression(source)

    @property
    def bytes_read(self) -> int:
        """How many bytes were read from the file, before decompression."""
        return self._source.bytes_read

    def read1(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes of the content; b"" at the end.

        Raises UnreadableFileError for a compressed file that is damaged or truncated.
        """
        try:
            return self._content.read1(size)
        except (BadGzipFile, EOFError, zlib.error, ZstdError) as error:
            raise UnreadableFileError(
                f"{self._name}: expected one complete compressed file with a window of at most 128 MiB, "
                "got one that is damaged, truncated, or followed by other bytes"
            ) from error


@contextmanager
def open_input(path: Path) -> Iterator[InputFile]:
    """Open a file, a named pipe or, for `-`, standard input during the block; raises OSError if that fails."""
    if path == STDIN:
        with open(0, "rb", closefd=False) as stream:
            yield InputFile(str(STDIN), ByteSource(stream))
    else:
        with path.open("rb") as stream:
            yield InputFile(str(path), ByteSource(stream))


def is_rereadable(path: Path) -> bool:
    """Return whether a path can be read again from its beginning, as a regular file can and a pipe cannot."""
    return path != STDIN and path.is_file()


def _with_decompression(source: ByteSource) -> Readable:
    magic, file = source.peek_magic(), cast("BinaryIO", source)  # decompressors call nothing but `read`
    if magic.startswith(_GZIP):
        return GzipFile(fileobj=file, mode="rb")
    # A skippable frame may come first; its magic number has 16 values, which differ in the lowest four bits.
    if magic == _ZSTD or (magic[1:] == b"\x2a\x4d\x18" and magic[:1].hex().startswith("5")):
        return ZstdFile(file, "rb", options={DecompressionParameter.window_log_max: _MAX_WINDOW_LOG})
    return source
