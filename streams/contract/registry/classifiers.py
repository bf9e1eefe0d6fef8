"""Make the classifiers of integrity checks for the platforms of a registry."""

from collections.abc import Callable, Iterable

from streams.contract.registry.registry import Registry
from streams.domain.clocks.definition import Clock
from streams.domain.integrity.classifier import PROMPT_WITHIN, ReportClassifier


def classifiers(registry: Registry, clocks: Iterable[Clock]) -> Callable[[str], ReportClassifier]:
    """Return a function that makes a platform's classifier; a filing may be logged as late as the platform's cadence."""
    watched = tuple(clocks)

    def classifier_of(name: str) -> ReportClassifier:
        platform = registry.platform(name)
        return ReportClassifier(watched, PROMPT_WITHIN if platform is None else max(PROMPT_WITHIN, platform.cadence_ms))

    return classifier_of
