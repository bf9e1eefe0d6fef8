"""What a platform publishes about a life, as events of the contract, and on which topic."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from producers.simulation.lives import Life
from producers.simulation.steps import Merge, Retract
from streams.contract import cloudevents, keys
from streams.contract.cloudevents import AboutReport, AnyEvent
from streams.contract.outcomes import Merged
from streams.contract.registry import Role
from streams.contract.types import EventRetracted, ReportAmended, ReportFiled

_KEY_ID: Final = "s1"


class Told(NamedTuple):
    """One event and when its platform publishes it.

    `at_ms` is its record's log time, `topic` the role of the topic that carries it. A heartbeat comes once per
    topic: who publishes it sends it to every partition.
    """

    at_ms: int
    topic: Role
    platform: str
    event: AnyEvent


def line(told: Told) -> bytes:
    """Return one line of a file, without a line feed: the event with its log time as `recordedtime`."""
    return cloudevents.encode(cloudevents.recorded(told.event, told.at_ms))


class Voice:
    """The publishing side of one platform: its name and the secret that its pseudonyms are made with."""

    def __init__(self, seed: int, platform: str) -> None:
        self.platform: Final = platform
        self._secret: Final = sha256(f"{seed}/{platform}/secret".encode()).digest()

    def tell(self, life: Life, tellings: Iterator[tuple[int, int]]) -> Iterator[Told]:
        """Yield the steps of `life` named by `tellings`: pairs of when one is told and which."""
        token = self._token(life.number)
        for at_ms, place in tellings:
            step = life.steps[place]
            event = cloudevents.about_report(
                self._data(life, place),
                platform=self.platform,
                token=token,
                id=_event_id(life.number, place),
                at=step.at,
            )
            yield Told(at_ms, _topic(life, place), self.platform, event)

    def _data(self, life: Life, place: int) -> AboutReport:
        what = life.steps[place].what
        if isinstance(what, Retract):
            return EventRetracted(retracts=_event_id(life.number, what.step), reason=what.reason)
        if isinstance(what, Merge):
            return Merged(into=self._token(what.into))
        return what

    def _token(self, number: str) -> str:
        return keys.token(self._secret, _KEY_ID, number)


def _event_id(number: str, place: int) -> str:
    return f"{number}-{place:02d}"


def _topic(life: Life, place: int) -> Role:
    """Return where a step is published: amendments and retractions travel where that which they change did."""
    what = life.steps[place].what
    if isinstance(what, Retract):
        return _topic(life, what.step)
    return Role.REPORT_FILED if isinstance(what, ReportFiled | ReportAmended) else Role.ACTION_TAKEN
