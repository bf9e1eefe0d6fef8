"""How the ledger's rows are stored in the changelog and told on `measures`: MessagePack."""

import msgspec

from streams.domain.report import Entry
from streams.domain.roster import Enrolled


class RowCodec:
    """Packs and unpacks what a ledger stores; the same everywhere, since restored rows must be read back."""

    def __init__(self) -> None:
        encode = msgspec.msgpack.Encoder().encode
        self.pack = encode
        self.pack_row = encode
        self.unpack_row = msgspec.msgpack.Decoder(tuple[int, list[Entry]]).decode
        self.unpack_cohort = msgspec.msgpack.Decoder(dict[bytes, int]).decode
        self.unpack_counters = msgspec.msgpack.Decoder(dict[str, int]).decode
        self.unpack_enrolled = msgspec.msgpack.Decoder(Enrolled).decode
