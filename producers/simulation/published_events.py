"""What a platform publishes about a life, as events of the contract, and on which topic."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from producers.simulation.model.report_model import Life
from producers.simulation.model.steps import Merge, Retract
from streams.contract.events import keys
from streams.contract.events.schema import envelope
from streams.contract.events.schema.action_data import ActionTaken, Merged
from streams.contract.events.schema.envelope import ActionTakenEvent, AnyEvent, ReportEventData, ReportFiledEvent
from streams.contract.events.schema.event_data import EventRetracted, ReportAmended, ReportFiled
from streams.contract.registry.registry import Role
from streams.contract.timestamps import format_timestamp

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
    return envelope.encode_structured(envelope.with_recorded_time(told.event, told.at_ms))


class Voice:
    """The publishing side of one platform: its name and the secret that its pseudonyms are made with."""

    def __init__(self, seed: int, platform: str) -> None:
        self.platform: Final = platform
        self._source: Final = envelope.SOURCE_PREFIX + platform
        self._secret: Final = sha256(f"{seed}/{platform}/secret".encode()).digest()

    def tell(self, life: Life, tellings: Iterable[tuple[int, int]]) -> Iterator[Told]:
        """Yield the steps of `life` named by `tellings`: pairs of when one is told and which."""
        token = self._token(life.number)
        for at_ms, place in tellings:
            at, what = life.steps[place]
            id_ = _event_id(life.number, place)
            if isinstance(what, ReportFiled):
                yield Told(at_ms, Role.REPORT_FILED, self.platform, self._filing(what, token, id_, at))
            elif isinstance(what, _RARE):
                data, topic = self._rarity(life, what)
                event = envelope.report_event(data, platform=self.platform, token=token, id=id_, occurred_at=at)
                yield Told(at_ms, topic, self.platform, event)
            else:
                yield Told(at_ms, Role.ACTION_TAKEN, self.platform, self._action(what, token, id_, at))

    # Nineteen in twenty events are these two, and building them here costs a third of what `about_report` does.
    def _filing(self, data: ReportFiled, token: str, id_: str, at: int) -> ReportFiledEvent:
        return ReportFiledEvent(
            specversion="1.0", id=id_, source=self._source, time=format_timestamp(at), subject=token, data=data
        )

    def _action(self, data: ActionTaken, token: str, id_: str, at: int) -> ActionTakenEvent:
        return ActionTakenEvent(
            specversion="1.0", id=id_, source=self._source, time=format_timestamp(at), subject=token, data=data
        )

    def _rarity(self, life: Life, what: ReportAmended | Merge | Retract) -> tuple[ReportEventData, Role]:
        """Return the data of a step that names another, and its topic: that of what it changes."""
        if isinstance(what, Merge):
            return Merged(into=self._token(what.into)), Role.ACTION_TAKEN
        if isinstance(what, ReportAmended):
            return what, Role.REPORT_FILED
        retraction = EventRetracted(retracts=_event_id(life.number, what.step), reason=what.reason)
        return retraction, Role.ACTION_TAKEN if what.step else Role.REPORT_FILED

    def _token(self, number: str) -> str:
        return keys.report_token(self._secret, _KEY_ID, number)


_RARE: Final = (ReportAmended, Merge, Retract)


def _event_id(number: str, place: int) -> str:
    return f"{number}-{place:02d}"
