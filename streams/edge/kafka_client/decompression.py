"""Decompress the records of one batch with any of Kafka's four codecs, to at most a fixed size.

Data are decompressed in steps, or into a buffer of the allowed size, so that a batch cannot take more memory, even if
it declares a larger size.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import cramjam

MAX_DECOMPRESSED_BYTES: Final = 4 << 20
"""Maximum size of the decompressed records of one batch.

Most clients fill a batch up to 1 MiB before they compress it; this limit is four times as much.
"""

_GZIP_WINDOW: Final = 31  # zlib's code for gzip with the largest window
_MAX_GZIP_MEMBERS: Final = 16
_XERIAL_MAGIC: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES: Final = 16
_MAX_SNAPPY_BLOCKS: Final = 4096
_LIKELY_RATIO: Final = 64  # most batches fit into this; allocating the largest buffer would take most of the time


class DecompressionError(Exception):
    """The records of a batch cannot be decompressed, or exceed the limit."""


def decompress(codec: int, data: bytes, max_bytes: int = MAX_DECOMPRESSED_BYTES) -> bytes:
    """Return `data` decompressed to at most `max_bytes`; `codec` is the number in a batch's attributes.

    Raises DecompressionError for any problem.
    """
    try:
        decompressed = _CODECS[codec](data, max_bytes)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the library, which is written in Rust, is not an Exception
        raise DecompressionError(f"codec {codec}: {type(error).__name__}") from error
    if len(decompressed) > max_bytes:
        raise DecompressionError(f"codec {codec}: expected at most {max_bytes} bytes")
    return decompressed


def _decompress_gzip(data: bytes, max_bytes: int) -> bytes:
    """Decompress to at most one byte more than `max_bytes`; gzip data may have several members."""
    decompressed = b""
    for _ in range(_MAX_GZIP_MEMBERS):
        member = zlib.decompressobj(_GZIP_WINDOW)
        decompressed += member.decompress(data, max_bytes + 1 - len(decompressed))
        if not member.eof or len(decompressed) > max_bytes:
            raise DecompressionError("gzip: expected a whole member within the limit")
        data = member.unused_data
        if not data:
            return decompressed
    raise DecompressionError(f"gzip: expected at most {_MAX_GZIP_MEMBERS} members")


def _decompress_snappy(data: bytes, max_bytes: int) -> bytes:
    """Decompress one raw block, or the blocks of the xerial framing, which Java clients use."""
    if not data.startswith(_XERIAL_MAGIC):
        return _decompress_snappy_block(data, max_bytes)
    decompressed = bytearray()
    index = _XERIAL_HEADER_BYTES
    for _ in range(_MAX_SNAPPY_BLOCKS):
        if index == len(data):
            return bytes(decompressed)
        size = int.from_bytes(data[index : index + 4], signed=True)
        block = data[index + 4 : index + 4 + size]
        if size < 0 or len(block) != size:
            raise DecompressionError("snappy: expected a whole block")
        decompressed += _decompress_snappy_block(block, max_bytes - len(decompressed))
        index += 4 + size
    raise DecompressionError(f"snappy: expected at most {_MAX_SNAPPY_BLOCKS} blocks")


def _decompress_snappy_block(block: bytes, max_bytes: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(block) > max_bytes:
        raise DecompressionError(f"snappy: expected at most {max_bytes} bytes")
    return bytes(cramjam.snappy.decompress_raw(block))


def _frame_decompressor(library: Any) -> Callable[[bytes, int], bytes]:  # noqa: ANN401 - one of cramjam's modules
    def decompress(data: bytes, max_bytes: int) -> bytes:
        likely_bytes = min(_LIKELY_RATIO * len(data), max_bytes)
        try:
            return _decompress_into_buffer(library, data, likely_bytes)
        except cramjam.DecompressionError:
            if likely_bytes == max_bytes:
                raise
            return _decompress_into_buffer(library, data, max_bytes)

    return decompress


def _decompress_into_buffer(library: Any, data: bytes, max_bytes: int) -> bytes:  # noqa: ANN401 - one of cramjam's modules
    buffer = bytearray(max_bytes)
    size = library.decompress_into(data, buffer)
    return bytes(memoryview(buffer)[:size])


_CODECS: Final[Mapping[int, Callable[[bytes, int], bytes]]] = {
    1: _decompress_gzip,
    2: _decompress_snappy,
    3: _frame_decompressor(cramjam.lz4),
    4: _frame_decompressor(cramjam.zstd),
}
