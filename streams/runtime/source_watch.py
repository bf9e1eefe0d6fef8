"""What a worker knows of its source topics, looked at anew at every assignment and every few seconds."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from kafka.errors import KafkaError

from streams.contract.registry import Registry
from streams.edge.signin import NoBrokerError
from streams.runtime.ground import BadGroundError, Ground, still
from streams.runtime.settings import Settings
from streams.runtime.sources import CHECK_SECONDS, Fault, concerned, resumption, suspension

log = logging.getLogger(__name__)

_SURE_SECONDS: Final = 1.0
"""After how long a worker looks once more before it ends because no platform can be read."""

Read = Callable[[frozenset[str]], Awaitable[None]]
"""Lets the group give partitions of these topics and no others, anew."""


class SourceWatch:
    """The source topics of a worker.

    `ground` is what was found last. `subscribed` are the topics that the group gives partitions of; they are those of
    which no platform is suspended by a fault that all workers see.
    """

    def __init__(self, settings: Settings, registry: Registry, ground: Ground) -> None:
        self.ground = ground
        self._settings = settings
        self._registry = registry
        self._siblings = registry.siblings()
        self._owners = {topic: registry.platforms_of_topic(topic) for topic in registry.source_topics()}
        self._looked = asyncio.Event()
        self._tell({}, ground.faults)
        self.subscribed = self.readable
        self._given = dict(ground.topics)

    @property
    def readable(self) -> frozenset[str]:
        """The topics that can be read."""
        return frozenset(self.ground.topics) - concerned(self.ground.faults, self._siblings)

    async def assigned(self) -> frozenset[str]:
        """Look, before partitions are taken, and return the topics that they are taken of; raises as `still`."""
        await self._look()
        self._given = dict(self.ground.topics)
        self._looked.set()
        return self.readable & self.subscribed

    async def follow(self, read: Read) -> None:
        """Look every few seconds, and have partitions given anew when other topics can be read than before.

        Ends by an error only: when no platform can be read any more, or a topic is wrong that is written.
        """
        while True:
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._looked.wait()
            except TimeoutError:
                await self._look_twice()
            self._looked.clear()
            if self._changed():
                self.subscribed, self._given = self.readable, dict(self.ground.topics)
                await read(self.subscribed)

    def _changed(self) -> bool:
        readable = self.readable
        return readable != self.subscribed or any(self.ground.topics[one] != self._given[one] for one in readable)

    async def _look_twice(self) -> None:
        """Look; while no broker answers nothing is known. Of what ends the worker be sure."""
        try:
            await self._look()
        except BadGroundError:
            await asyncio.sleep(_SURE_SECONDS)
            await self._look()
        except (KafkaError, NoBrokerError, OSError) as error:
            log.debug("the source topics could not be looked at: %s", type(error).__name__)

    async def _look(self) -> None:
        before = self.ground.faults
        self.ground = await asyncio.to_thread(still, self._settings, self._registry, self.ground)
        self._tell(before, self.ground.faults)

    def _tell(self, before: Mapping[str, Fault], after: Mapping[str, Fault]) -> None:
        for topic, fault in after.items():
            if before.get(topic) != fault:
                log.error("%s", suspension(fault, self._siblings, self._owners))
        for topic in before.keys() - after.keys():
            log.warning("%s", resumption(topic, self._siblings, self._owners))
