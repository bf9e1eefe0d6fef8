"""Build the parts of a worker from its settings: registry, decoder and ledgers."""

from streams.contract.declarations.collection import read_declarations
from streams.contract.events.decoder import EventDecoder
from streams.contract.outputs.row_codec import MessagePackCodec
from streams.contract.packs.file import load_rulebook
from streams.contract.packs.ledger_config import ledger_config
from streams.contract.registry.file import read_registry
from streams.contract.registry.registry import Registry
from streams.contract.topics import partition_of
from streams.domain.ledger.ledger import Ledger
from streams.edge.clock import wall_clock_ms
from streams.runtime.partition.context import WorkerDependencies
from streams.runtime.settings import ReportUpdates, Settings


def load_registry(settings: Settings) -> Registry:
    """Return the registry that the settings name, or the one that accepts every platform.

    Raises RegistryError for an invalid registry file, OSError for a file that cannot be read.
    """
    return Registry.accepting_all() if settings.registry is None else read_registry(settings.registry)


def build_worker_dependencies(settings: Settings) -> WorkerDependencies:
    """Return the parts of a worker with these settings; raises as what reads its files."""
    registry = load_registry(settings)
    rulebook = load_rulebook(settings.packs, registry, wall_clock_ms())
    codec, partitions = MessagePackCodec(), registry.partitions
    config = ledger_config(
        registry,
        rulebook,
        retention_ms=settings.retention_ms,
        with_updates=settings.report_updates is ReportUpdates.ALL,
    )

    def make_ledger(number: int) -> Ledger:
        return Ledger(config, codec, is_on_partition=lambda key: partition_of(key, partitions) == number)

    return WorkerDependencies(
        registry=registry,
        decoder=EventDecoder(registry),
        make_ledger=make_ledger,
        rulebook_name=rulebook.name,
        declarations={one.sha256: one.id for one in read_declarations(settings.declarations, registry, rulebook)},
    )
