"""Where a platform's events go, and where it learns what became of them."""

from streams.contract.registry.registry import PLATFORM_ID, Registry, Role


class NoFeedbackTopicError(ValueError):
    """A platform that has no feedback topic; the message says why."""


def find_topics(platform: str, registry: Registry | None) -> tuple[str, tuple[str, ...]]:
    """Return the feedback topic and the source topics of a platform; without a registry those of the usual names.

    Raises UnsharedError for a platform that is not in the registry or shares its topics with another.
    """
    if registry is None:
        if not PLATFORM_ID.fullmatch(platform):
            raise NoFeedbackTopicError("--platform: expected a lower-case letter, then up to 31 of a-z, 0-9 and -")
        return f"feedback.{platform}", tuple(f"{role}.{platform}" for role in Role)
    known, feedback = registry.platform(platform), registry.feedback_topics()
    if known is None:
        raise NoFeedbackTopicError(f"--platform: expected one of {', '.join(sorted(registry.platforms))}")
    if platform not in feedback:
        raise NoFeedbackTopicError(
            f"--platform: expected a platform with topics of its own; {platform} shares them, what is refused there is"
            " on event-refused, which the operator reads"
        )
    return feedback[platform], tuple(dict.fromkeys(known.topic(role) for role in Role))
