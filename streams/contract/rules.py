"""From the registry and the rulebook to the rules that a ledger goes by."""

from streams.contract.registry import History, Registry
from streams.contract.rulebook import STANDARD_RULES, Rulebook
from streams.domain.grid import DAY, FOREVER_MS
from streams.domain.rules import Held, PlatformRule, Rules


def rules_of(
    registry: Registry, rulebook: Rulebook = STANDARD_RULES, *, memory_ms: int = 200 * DAY, notices: bool = False
) -> Rules:
    """Return the rules for the platforms of `registry` and the clocks of `rulebook`.

    `memory_ms` is how long ended reports are remembered; `notices` says whether the ledger collects notices about
    single reports.
    """
    platforms = {
        platform.id: PlatformRule(
            platform.cadence_ms, platform.capacity, tuple(_held(span) for span in platform.history)
        )
        for platform in registry.platforms.values()
    }
    return Rules(clocks=rulebook.clocks, platforms=platforms, memory=memory_ms, notices=notices)


def _held(span: History) -> Held:
    return Held(span.since, span.until, FOREVER_MS if span.closes_on is None else span.closes_on)


def rules_of_a_file(registry: Registry, rulebook: Rulebook) -> Rules:
    """Return the rules for whole files: they may tell all actions before all filings, and hold no worker's memory."""
    rules = rules_of(registry, rulebook)
    unbounded = {name: rule._replace(capacity=FOREVER_MS) for name, rule in rules.platforms.items()}
    return rules._replace(waiting=FOREVER_MS, platforms=unbounded, others=PlatformRule(capacity=FOREVER_MS))
