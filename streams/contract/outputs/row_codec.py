"""How the ledger's rows are stored in the changelog and told on `measures`: MessagePack."""

import msgspec

from streams.domain.report import Row
from streams.domain.roster import Enrolled


class _Head(msgspec.Struct, array_like=True, gc=False):
    """A row whose entries are not read."""

    allowance: int
    entries: msgspec.Raw
    rests: int = 0


class RowCodec:
    """Packs and unpacks what a ledger stores; the same everywhere, since restored rows must be read back."""

    def __init__(self) -> None:
        encode = msgspec.msgpack.Encoder().encode
        self.pack = encode
        self.pack_row = encode
        self.unpack_row = msgspec.msgpack.Decoder(Row).decode
        self._unpack_head = msgspec.msgpack.Decoder(_Head).decode
        self.unpack_cohort = msgspec.msgpack.Decoder(dict[bytes, int]).decode
        self.unpack_counters = msgspec.msgpack.Decoder(dict[str, int]).decode
        self.unpack_enrolled = msgspec.msgpack.Decoder(Enrolled).decode

    def rests(self, stored: bytes) -> int:
        """Return the `rests` of a packed row."""
        return self._unpack_head(stored).rests
