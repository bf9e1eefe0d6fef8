"""What a worker knows of its source topics, looked at anew at every assignment and every few seconds."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from streams.contract.registry.registry import Registry
from streams.runtime.kafka.admin import Broker
from streams.runtime.settings import Settings
from streams.runtime.topic_checks.feedback_topics import Listeners
from streams.runtime.topic_checks.preflight import BadGroundError, Ground, StateError, still
from streams.runtime.topic_checks.source_faults import CHECK_SECONDS, Fault, concerned, resumption, suspension

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

    def __init__(self, settings: Settings, registry: Registry, ground: Ground, listeners: Listeners) -> None:
        self.ground = ground
        self._settings = settings
        self._registry = registry
        self.listeners = listeners
        self._siblings = registry.related_topics()
        self._owners = {topic: registry.platforms_of_topic(topic) for topic in registry.source_topics()}
        self._looked = asyncio.Event()
        self._looking = asyncio.Lock()
        self._broker: Broker | None = None
        self._tell({}, ground.faults)
        listeners.found(ground.unheard)
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

    async def unwritable(self) -> frozenset[str]:
        """Look, and return the feedback topics that cannot be written; what ends a worker is left to `follow`."""
        await self._why_to_end()
        return self.listeners.faulty

    async def close(self) -> None:
        """Close the connection to the broker, unless a look waits for an answer: that may take half a minute."""
        if self._broker is not None and not self._looking.locked():
            broker, self._broker = self._broker, None
            await asyncio.to_thread(broker.close)

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
        """Look, and look again before the worker ends for what is found."""
        error = await self._why_to_end()
        if error is not None:
            await asyncio.sleep(_SURE_SECONDS)
            error = await self._why_to_end()
        if error is not None:
            raise error

    async def _why_to_end(self) -> Exception | None:
        """Look, and return why the worker must end; a look that fails, as while no broker answers, tells nothing."""
        try:
            await self._look()
        except (BadGroundError, StateError) as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the broker, partitions meet it by themselves
            log.debug("the source topics could not be looked at: %s", type(error).__name__)
        return None

    async def _look(self) -> None:
        async with self._looking:
            before = self.ground.faults
            self.ground = await asyncio.to_thread(self._looked_at)
            self._tell(before, self.ground.faults)
            self.listeners.found(self.ground.unheard)

    def _looked_at(self) -> Ground:
        """Return the ground as it is now; blocking. The connection lasts as long as nothing goes wrong with it."""
        if self._broker is None:
            self._broker = Broker(self._settings.bootstrap, self._settings.access)
        try:
            return still(self._settings, self._registry, self.ground, self._broker)
        except BaseException:
            broker, self._broker = self._broker, None
            broker.close()
            raise

    def _tell(self, before: Mapping[str, Fault], after: Mapping[str, Fault]) -> None:
        for topic, fault in after.items():
            if before.get(topic) != fault:
                log.error("%s", suspension(fault, self._siblings, self._owners))
        for topic in before.keys() - after.keys():
            log.warning("%s", resumption(topic, self._siblings, self._owners))
