"""The composition of a worker: registry, decoder and ledgers for the settings it was given."""

from streams.contract.decode import Decoder
from streams.contract.registry import Registry
from streams.contract.registry_file import load
from streams.contract.rows import RowCodec
from streams.contract.rules import rules_of
from streams.contract.topics import partition_of
from streams.domain.clocks import STANDARD_PACK
from streams.domain.ledger import Ledger
from streams.runtime.settings import Settings
from streams.runtime.worker import Trade


def registry_of(settings: Settings) -> Registry:
    """Return the registry that the settings name, or the one that accepts every platform.

    Raises RegistryError for a file that is no registry, OSError for one that cannot be read.
    """
    return Registry.open() if settings.registry is None else load(settings.registry)


def trade_of(settings: Settings) -> Trade:
    """Return what a worker with these settings works with; raises as `registry_of` does."""
    registry = registry_of(settings)
    rules, codec, partitions = rules_of(registry, memory_ms=settings.memory_ms), RowCodec(), registry.partitions

    def ledger(number: int) -> Ledger:
        return Ledger(rules, codec, belongs=lambda key: partition_of(key, partitions) == number)

    return Trade(registry=registry, decoder=Decoder(registry), ledger=ledger, pack=STANDARD_PACK)
