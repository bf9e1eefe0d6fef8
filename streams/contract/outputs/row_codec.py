"""Encode the ledger's rows as MessagePack, for the changelog and for `measures`."""

import msgspec

from streams.contract.outputs.measures import decode_clock, decode_cohort, decode_counters
from streams.domain.reports.report_row import ReportRow


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
        self.unpack_cohort = decode_cohort
        self.unpack_counters = decode_counters
        self.unpack_clock = decode_clock

    def closed_on_day(self, stored: bytes) -> int:
        """Return `closed_on_day` of a packed row."""
        return self._unpack_header(stored).closed_on_day
