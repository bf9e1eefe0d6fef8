"""The composition of a worker: registry, decoder and ledgers for the settings it was given."""

from streams.contract.events.decoder import Decoder
from streams.contract.outputs.row_codec import RowCodec
from streams.contract.packs.file import rulebook_of
from streams.contract.packs.ledger_config import rules_of
from streams.contract.registry.file import load
from streams.contract.registry.registry import Registry
from streams.contract.topics import partition_of
from streams.domain.ledger import Ledger
from streams.edge.clock import wall_clock_ms
from streams.runtime.settings import Notices, Settings
from streams.runtime.worker import Trade


def registry_of(settings: Settings) -> Registry:
    """Return the registry that the settings name, or the one that accepts every platform.

    Raises RegistryError for a file that is no registry, OSError for one that cannot be read.
    """
    return Registry.open() if settings.registry is None else load(settings.registry)


def trade_of(settings: Settings) -> Trade:
    """Return what a worker with these settings works with; raises as `registry_of` and `rulebook_of` do."""
    registry = registry_of(settings)
    rulebook = rulebook_of(settings.packs, registry, wall_clock_ms())
    codec, partitions = RowCodec(), registry.partitions
    rules = rules_of(registry, rulebook, memory_ms=settings.memory_ms, notices=settings.notices is Notices.ALL)

    def ledger(number: int) -> Ledger:
        return Ledger(rules, codec, belongs=lambda key: partition_of(key, partitions) == number)

    return Trade(registry=registry, decoder=Decoder(registry), ledger=ledger, pack=rulebook.name)
