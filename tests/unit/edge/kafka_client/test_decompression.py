"""Decompression that no batch can make large, for the four codecs, on real compressed bytes."""

import gzip
import tracemalloc
import zlib
from typing import Final

import cramjam
import pytest
from aiokafka.codec import snappy_encode

from streams.edge.kafka_client.decompression import MAX_DECOMPRESSED_BYTES, DecompressionError, decompress
from tests.support.kafka.record_batches import CODECS, GZIP, LZ4, SNAPPY, ZSTD

STORY: Final = b'{"outcome": "restricted"}' * 4_000
XERIAL: Final = snappy_encode(b"")[:16]


def raw_snappy(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


def zstd_frame(window: int, block: bytes) -> bytes:
    """Return a frame without a declared size; its window is 2 to the power of `window`."""
    return b"\x28\xb5\x2f\xfd" + bytes([0, (window - 10) << 3]) + block


def zstd_run(size: int, *, last: bool) -> bytes:
    """Return a block of one byte, repeated."""
    return (last | 1 << 1 | size << 3).to_bytes(3, "little") + b" "


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("data", [b"", STORY, b" " * MAX_DECOMPRESSED_BYTES], ids=["nothing", "a workload", "the most"])
def test_what_was_compressed_comes_back(codec: int, data: bytes) -> None:
    assert decompress(codec, CODECS[codec](data)) == data


@pytest.mark.parametrize(
    ("codec", "data"),
    [
        (GZIP, gzip.compress(STORY) + gzip.compress(STORY)),
        (SNAPPY, raw_snappy(STORY + STORY)),
        (LZ4, bytes(cramjam.lz4.compress(STORY)) * 2),
        (ZSTD, bytes(cramjam.zstd.compress(STORY)) * 2),
        (ZSTD, b"\x50\x2a\x4d\x18\x04\0\0\0skip" + bytes(cramjam.zstd.compress(STORY + STORY))),
    ],
    ids=[
        "gzip of two members",
        "snappy without framing",
        "lz4 of two frames",
        "zstd of two frames",
        "zstd with a skipped frame",
    ],
)
def test_other_forms_of_a_codec_are_read_too(codec: int, data: bytes) -> None:
    assert decompress(codec, data) == STORY + STORY


BOMBS: Final = {
    "gzip": (GZIP, gzip.compress(bytes(300 << 20))),
    "gzip of many members": (GZIP, gzip.compress(bytes(1 << 20)) * 16),
    "gzip of empty members": (GZIP, gzip.compress(b"") * 50_000),
    "snappy": (SNAPPY, raw_snappy(bytes(MAX_DECOMPRESSED_BYTES + 1))),
    "snappy that declares four gibibytes": (SNAPPY, b"\xff\xff\xff\xff\x0f" + bytes(100)),
    "snappy of many blocks": (SNAPPY, bytes(snappy_encode(bytes(MAX_DECOMPRESSED_BYTES + 1)))),
    "snappy of empty blocks": (SNAPPY, XERIAL + b"\0\0\0\1\0" * 200_000),
    "lz4": (LZ4, bytes(cramjam.lz4.compress(bytes(300 << 20)))),
    "lz4 of many frames": (LZ4, bytes(cramjam.lz4.compress(bytes(1 << 20))) * 5),
    "zstd": (ZSTD, bytes(cramjam.zstd.compress(bytes(300 << 20)))),
    "zstd of many frames": (ZSTD, bytes(cramjam.zstd.compress(bytes(1 << 20))) * 5),
    "zstd without a declared size": (ZSTD, zstd_frame(17, zstd_run(1 << 17, last=False) * 8_000)),
    "zstd with a window of 128 MiB": (ZSTD, zstd_frame(27, zstd_run(1 << 17, last=False) * 8_000)),
    "zstd with a window of 2 TiB": (ZSTD, zstd_frame(41, zstd_run(1, last=True))),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_before_it_takes_memory(bomb: str) -> None:
    codec, data = BOMBS[bomb]
    tracemalloc.start()
    try:
        with pytest.raises(DecompressionError):
            decompress(codec, data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 3 * MAX_DECOMPRESSED_BYTES


@pytest.mark.parametrize("codec", [*CODECS, 0, 5, 6, 7])
@pytest.mark.parametrize("data", [b"", b"no codec has this", bytes(100)], ids=["nothing", "text", "zeros"])
def test_what_no_codec_wrote_is_refused(codec: int, data: bytes) -> None:
    with pytest.raises(DecompressionError):
        decompress(codec, data)


@pytest.mark.parametrize("codec", CODECS)
def test_what_was_cut_or_changed_is_refused_or_is_of_the_allowed_size(codec: int) -> None:
    whole = CODECS[codec](STORY)

    for place in range(0, len(whole), max(1, len(whole) // 200)):
        for data in (whole[:place], whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :]):
            try:
                assert len(decompress(codec, data)) <= MAX_DECOMPRESSED_BYTES
            except DecompressionError:
                continue


def test_a_gzip_member_with_a_wrong_checksum_is_refused() -> None:
    whole = bytearray(gzip.compress(STORY))
    whole[-8:-4] = zlib.crc32(b"another workload").to_bytes(4, "little")

    with pytest.raises(DecompressionError):
        decompress(GZIP, bytes(whole))


@pytest.mark.parametrize(
    "block",
    [b"\xff\xff\xff\xff", (1 << 30).to_bytes(4) + b"x", b"\0\0"],
    ids=["a negative length", "a length beyond the end", "half a length"],
)
def test_a_snappy_block_whose_length_lies_is_refused(block: bytes) -> None:
    with pytest.raises(DecompressionError):
        decompress(SNAPPY, XERIAL + block)
