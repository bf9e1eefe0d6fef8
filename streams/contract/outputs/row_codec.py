"""Encode the ledger's rows as MessagePack, for the changelog and for `measures`."""

import msgspec

from streams.domain.clocks.clock_history import LoadedClock
from streams.domain.reports.row import ReportRow


class _RowHeader(msgspec.Struct, array_like=True, gc=False):
    """A report row whose entries are not decoded."""

    allowance: int
    entries: msgspec.Raw
    closed_on_day: int = 0


class MessagePackCodec:
    """Packs and unpacks what a ledger stores; every process uses this codec, so that restored rows can be read."""

    def __init__(self) -> None:
        encode = msgspec.msgpack.Encoder().encode
        self.pack = encode
        self.pack_row = encode
        self.unpack_row = msgspec.msgpack.Decoder(ReportRow).decode
        self._unpack_header = msgspec.msgpack.Decoder(_RowHeader).decode
        self.unpack_cohort = msgspec.msgpack.Decoder(dict[bytes, int]).decode
        self.unpack_counters = msgspec.msgpack.Decoder(dict[str, int]).decode
        self.unpack_clock = msgspec.msgpack.Decoder(LoadedClock).decode

    def closed_on_day(self, stored: bytes) -> int:
        """Return `closed_on_day` of a packed row."""
        return self._unpack_header(stored).closed_on_day
