"""Finds the source topics and the feedback topic of a platform."""

from streams.contract.registry.registry import PLATFORM_ID, Registry, Role


class NoFeedbackTopicError(ValueError):
    """The platform has no feedback topic; the message says why."""


def find_topics(platform: str, registry: Registry | None) -> tuple[str, tuple[str, ...]]:
    """Return the feedback topic and the source topics of a platform; without a registry their default names.

    Raises NoFeedbackTopicError for a platform that is not in the registry or shares its topics with another platform.
    """
    if registry is None:
        if not PLATFORM_ID.fullmatch(platform):
            raise NoFeedbackTopicError("--platform: expected a lower-case letter, then up to 31 of a-z, 0-9 and -")
        return f"feedback.{platform}", tuple(f"{role}.{platform}" for role in Role)
    registered, feedback = registry.platform(platform), registry.feedback_topics()
    if registered is None:
        raise NoFeedbackTopicError(f"--platform: expected one of {', '.join(sorted(registry.platforms))}")
    if platform not in feedback:
        raise NoFeedbackTopicError(
            f"--platform: expected a platform with topics of its own; {platform} shares its topics, so its refusals are"
            " on event-refused, which only the operator can read"
        )
    return feedback[platform], tuple(dict.fromkeys(registered.topic(role) for role in Role))
