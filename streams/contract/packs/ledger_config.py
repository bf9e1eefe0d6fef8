"""From the registry and the rulebook to the rules that a ledger goes by."""

from streams.contract.packs.rulebook import STANDARD_RULES, Rulebook
from streams.contract.registry.registry import AuditedHistory, Registry
from streams.domain.duration_bins import DAY, FOREVER_MS
from streams.domain.ledger.config import HistorySpan, LedgerConfig, PlatformConfig


def ledger_config(
    registry: Registry,
    rulebook: Rulebook = STANDARD_RULES,
    *,
    retention_ms: int = 200 * DAY,
    with_updates: bool = False,
) -> LedgerConfig:
    """Return the rules for the platforms of `registry` and the clocks of `rulebook`.

    `memory_ms` is how long ended reports are remembered; `notices` says whether the ledger collects notices about
    single reports.
    """
    platforms = {
        platform.id: PlatformConfig(
            platform.cadence_ms, platform.capacity, tuple(_history_span(span) for span in platform.history)
        )
        for platform in registry.platforms.values()
    }
    return LedgerConfig(clocks=rulebook.clocks, platforms=platforms, retention=retention_ms, with_updates=with_updates)


def _history_span(span: AuditedHistory) -> HistorySpan:
    return HistorySpan(span.since, span.until, FOREVER_MS if span.closes_on is None else span.closes_on)


def batch_ledger_config(registry: Registry, rulebook: Rulebook) -> LedgerConfig:
    """Return the rules for whole files: they may tell all actions before all filings, and hold no worker's memory."""
    rules = ledger_config(registry, rulebook)
    unbounded = {name: rule._replace(capacity=FOREVER_MS) for name, rule in rules.platforms.items()}
    return rules._replace(
        max_orphans=FOREVER_MS, platforms=unbounded, default_platform=PlatformConfig(capacity=FOREVER_MS)
    )
