"""Apache Kafka in a container, where a Docker engine answers."""

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from docker.client import from_env
from docker.errors import DockerException
from testcontainers.community.kafka import KafkaContainer
from testcontainers.core.docker_client import get_docker_host

from tests.support.broker.jars import BrokerUnavailableError
from tests.support.broker.node_settings import SINGLE_NODE_SETTINGS

# Apache Kafka 3.9: the newest line of images that testcontainers' own start script is known to start.
IMAGE: Final = "confluentinc/cp-kafka:7.9.1"
_ANSWER_SECONDS: Final = 0.4  # to connect, and once more to answer
_START_SECONDS: Final = 120


def has_docker_engine() -> bool:
    """Whether the Docker engine that testcontainers would use answers; within a second, and without a word.

    An engine behind SSH counts as none: asking it takes longer and may ask back.
    """
    host = get_docker_host() or ""
    if host.startswith("ssh:"):
        return False
    environment = {**os.environ, "DOCKER_HOST": host} if host else dict(os.environ)
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        answers = _returns_version(environment)
        gc.collect()  # the docker package leaves a refused socket to the collector, which would warn of it
    return answers


def _returns_version(environment: dict[str, str]) -> bool:
    try:
        from_env(timeout=_ANSWER_SECONDS, environment=environment).close()  # it asks for the engine's version
    except (DockerException, OSError):
        return False
    return True


@contextmanager
def kafka_in_container() -> Iterator[str]:
    """Run Apache Kafka in a container for the block and yield its bootstrap address.

    Raises BrokerUnavailableError when the engine cannot run it, for instance for want of the image.
    """
    with ExitStack() as stack:
        try:
            container = _container_settings()
            stack.callback(_remove, container)
            container.start(timeout=_START_SECONDS)
            bootstrap = str(container.get_bootstrap_server())
        except (DockerException, OSError, RuntimeError) as error:
            raise BrokerUnavailableError(f"{IMAGE} did not start: {error}") from error
        yield bootstrap


def _container_settings() -> KafkaContainer:
    container = KafkaContainer(IMAGE).with_kraft()
    for name, value in SINGLE_NODE_SETTINGS.items():
        container.with_env(f"KAFKA_{name.upper().replace('.', '_')}", value)
    return container


def _remove(container: KafkaContainer) -> None:
    with suppress(DockerException):
        container.stop()
