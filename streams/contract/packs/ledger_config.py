"""Build the configuration of a ledger from the registry and the rulebook."""

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
    """Return the configuration for the platforms of `registry` and the clocks of `rulebook`.

    `retention_ms`: how long the row of an ended report stays. `with_updates`: whether the ledger collects report
    updates.
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
    """Return the configuration for whole files, without limits on reports and on orphans.

    A file may contain all actions before all filings.
    """
    rules = ledger_config(registry, rulebook)
    unbounded = {name: rule._replace(capacity=FOREVER_MS) for name, rule in rules.platforms.items()}
    return rules._replace(
        max_orphans=FOREVER_MS, platforms=unbounded, default_platform=PlatformConfig(capacity=FOREVER_MS)
    )
