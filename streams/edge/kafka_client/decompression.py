"""Decompressing the records of one batch, never to more than a fixed size.

The four codecs of Kafka, by their numbers in a batch's attributes. Each is decompressed into a buffer of the largest
size that is allowed, or in steps, so that no batch takes more memory, whatever size it declares.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import cramjam

MOST_BYTES: Final = 4 << 20
"""To how many bytes the records of one batch may be decompressed.

Most clients fill a batch to at most 1 MiB before they compress it; this is four times as much.
"""

_GZIP_WINDOW: Final = 31  # zlib's word for gzip with the largest window
_MOST_MEMBERS: Final = 16
_XERIAL: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER: Final = 16
_MOST_BLOCKS: Final = 4096
_LIKELY_RATIO: Final = 64  # a buffer of the largest size costs most of the time that a small batch takes


class InflationError(Exception):
    """The records of a batch cannot be decompressed, or not to so few bytes."""


def inflate(codec: int, data: bytes, most: int = MOST_BYTES) -> bytes:
    """Return `data` decompressed by the codec with this number, at most so many bytes.

    Raises InflationError, whatever is wrong.
    """
    try:
        inflated = _CODECS[codec](data, most)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a failed assertion of the library, written in Rust, is no Exception
        raise InflationError(f"codec {codec}: {type(error).__name__}") from error
    if len(inflated) > most:
        raise InflationError(f"codec {codec}: expected at most {most} bytes")
    return inflated


def _gzip(data: bytes, most: int) -> bytes:
    """Decompress up to one byte too many; a gzip file may have several members."""
    found = b""
    for _ in range(_MOST_MEMBERS):
        member = zlib.decompressobj(_GZIP_WINDOW)
        found += member.decompress(data, most + 1 - len(found))
        if not member.eof or len(found) > most:
            raise InflationError("gzip: expected a whole member within the limit")
        data = member.unused_data
        if not data:
            return found
    raise InflationError(f"gzip: expected at most {_MOST_MEMBERS} members")


def _snappy(data: bytes, most: int) -> bytes:
    """Decompress one raw block, or the blocks of the framing that Java clients use (xerial)."""
    if not data.startswith(_XERIAL):
        return _snappy_block(data, most)
    found = bytearray()
    place = _XERIAL_HEADER
    for _ in range(_MOST_BLOCKS):
        if place == len(data):
            return bytes(found)
        size = int.from_bytes(data[place : place + 4], signed=True)
        block = data[place + 4 : place + 4 + size]
        if size < 0 or len(block) != size:
            raise InflationError("snappy: expected a whole block")
        found += _snappy_block(block, most - len(found))
        place += 4 + size
    raise InflationError(f"snappy: expected at most {_MOST_BLOCKS} blocks")


def _snappy_block(block: bytes, most: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(block) > most:
        raise InflationError(f"snappy: expected at most {most} bytes")
    return bytes(cramjam.snappy.decompress_raw(block))


def _framed(library: Any) -> Callable[[bytes, int], bytes]:  # noqa: ANN401 - one of cramjam's modules
    def decompress(data: bytes, most: int) -> bytes:
        likely = min(_LIKELY_RATIO * len(data), most)
        try:
            return _filled(library, data, likely)
        except cramjam.DecompressionError:
            if likely == most:
                raise
            return _filled(library, data, most)

    return decompress


def _filled(library: Any, data: bytes, most: int) -> bytes:  # noqa: ANN401 - one of cramjam's modules
    buffer = bytearray(most)
    size = library.decompress_into(data, buffer)
    return bytes(memoryview(buffer)[:size])


_CODECS: Final[Mapping[int, Callable[[bytes, int], bytes]]] = {
    1: _gzip,
    2: _snappy,
    3: _framed(cramjam.lz4),
    4: _framed(cramjam.zstd),
}
