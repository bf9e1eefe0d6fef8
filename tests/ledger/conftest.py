"""How many examples: `quick` by default and always the same ones, `thorough` by `--hypothesis-profile=thorough`."""

from hypothesis import HealthCheck, settings

_SLOW_TO_DRAW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "quick", max_examples=70, deadline=None, derandomize=True, database=None, suppress_health_check=_SLOW_TO_DRAW
)
settings.register_profile(
    "thorough", max_examples=5_000, deadline=None, database=None, suppress_health_check=_SLOW_TO_DRAW
)
settings.load_profile("quick")
