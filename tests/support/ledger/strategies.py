"""Streams of events that collide, contradict and take each other back far more often than real ones."""

import zlib
from collections.abc import Callable, Sequence
from typing import Final

from hypothesis import strategies as st

from streams.domain.duration_bins import DAY, HOUR, MINUTE, SECOND
from streams.domain.events import Action, ActionKind, Amendment, Event, Filing, Heartbeat, Retraction
from streams.domain.labels import Labels, encode_labels
from streams.domain.vocabulary import Basis, Channel, Harm, Outcome, Reporter, Reversal, Severity
from tests.support.builders import START
from tests.support.ledger.oracle import ENDING_WORDS, STANDARD_ORACLE_CLOCKS, OracleClock

REPORT_KEYS: Final = (b"harbor|aa_1", b"harbor|aa_2", b"lantern|bb_1")

_LABELS: Final = tuple(
    encode_labels(Labels(harm, Reporter.USER, False, Channel.IN_APP, Basis.TERMS, severity, "EU"))  # noqa: FBT003
    for harm, severity in ((Harm.BULLYING, Severity.HIGH), (Harm.GROOMING, Severity.UNSPECIFIED))
)

_ORIGINS: Final = tuple(START + offset for offset in (0, 1, 90 * SECOND, 12 * HOUR + 1, DAY - 1, DAY, 2 * DAY))

_OFFSETS: Final = st.one_of(
    st.sampled_from(
        [
            *(0, 1, -1, -2 * MINUTE - 1, -2 * MINUTE, -2 * MINUTE + 1, -HOUR),
            *(MINUTE, 5 * MINUTE, 5 * MINUTE + 1, HOUR - 1, HOUR, HOUR + 1, 6 * HOUR),
            *(DAY - 1, DAY, DAY + 1, 25 * HOUR, 30 * HOUR, 2 * DAY, 7 * DAY, 7 * DAY + 1),
        ]
    ),
    st.integers(0, 20 * DAY),
)
"""When something happens, seen from the report's origin: often on an edge."""

_GAPS: Final = st.sampled_from([HOUR, 0, 1, MINUTE, HOUR - 1, 5 * HOUR, DAY - 1, DAY, DAY + 1, 3 * DAY])
"""How long one deed comes after another."""

_DELAYS: Final = st.sampled_from(
    [0, 0, 0, SECOND, 15 * MINUTE, 15 * MINUTE + 1, 6 * HOUR, 6 * HOUR + 1, DAY - 1, DAY, DAY + 1, 5 * DAY, 14 * DAY]
)
"""How long after the fact we are told; never past the limit at the door."""

ACTION_KINDS: Final = (
    *(ActionKind(outcome) for outcome in Outcome if outcome is not Outcome.REVERSED),
    *(ActionKind(outcome, is_final=True) for outcome in (Outcome.RESTRICTED, Outcome.ACCOUNT_RESTRICTED)),
    *(ActionKind(Outcome.REVERSED, reversed_decision=of) for of in Reversal),
)

_DECISIVE_KINDS: Final = (
    ActionKind(Outcome.RESTRICTED, is_final=True),
    ActionKind(Outcome.RESTRICTED),
    ActionKind(Outcome.NO_VIOLATION),
    ActionKind(Outcome.ACKNOWLEDGED),
    ActionKind(Outcome.REOPENED),
    *(ActionKind(Outcome.PAUSED), ActionKind(Outcome.RESUMED)) * 2,
)
"""The deeds on which the rules about order turn, drawn as often as all others together."""


def _content_digest(*said: object) -> int:
    """Digest what an event says, so that equal content is equal and other content is other."""
    return zlib.crc32(repr(said).encode())


_action_kinds: Final = st.one_of(st.sampled_from(_DECISIVE_KINDS), st.sampled_from(ACTION_KINDS))
_items: Final = st.sampled_from([0, 0, 0, 1, 1, 2])
_ids: Final = st.integers(1, 9)

EventDraft = Callable[[bytes, str, int, int, int], Event]


def _filing(labels: str, items: int, *, test: bool) -> EventDraft:
    def make(key: bytes, platform: str, at: int, logged_at: int, number: int) -> Filing:
        content = _content_digest("filing", at, labels, items, test)
        return Filing(key, platform, at, logged_at, number, content, labels, items, test)

    return make


def _action(action_kind: ActionKind, items: int) -> EventDraft:
    def make(key: bytes, platform: str, at: int, logged_at: int, number: int) -> Action:
        return Action(
            key, platform, at, logged_at, number, _content_digest("action", at, action_kind, items), action_kind, items
        )

    return make


def _amendment(harm: Harm | None, severity: Severity | None) -> EventDraft:
    def make(key: bytes, platform: str, at: int, logged_at: int, number: int) -> Amendment:
        return Amendment(
            key, platform, at, logged_at, number, _content_digest("amendment", at, harm, severity), harm, severity
        )

    return make


def _retraction(retracts: int) -> EventDraft:
    def make(key: bytes, platform: str, at: int, logged_at: int, number: int) -> Retraction:
        return Retraction(key, platform, at, logged_at, number, _content_digest("retraction", at, retracts), retracts)

    return make


_filings: Final = st.builds(
    _filing,
    st.sampled_from(_LABELS),
    st.sampled_from([1, 1, 1, 2, 3]),
    test=st.sampled_from([False] * 9 + [True]),
)
_actions: Final = st.builds(_action, _action_kinds, _items)
_amendments: Final = st.builds(
    _amendment,
    st.sampled_from([None, None, Harm.CSAM, Harm.BULLYING, Harm.OTHER]),
    st.sampled_from([None, None, *Severity]),
)
_event_drafts: Final = st.one_of(
    _actions, _actions, _actions, _actions, _filings, _amendments, st.builds(_retraction, _ids)
)


@st.composite
def report_events(draw: st.DrawFn, key: bytes = REPORT_KEYS[0]) -> list[Event]:
    """Draw the events of one report: mostly a filing and deeds after it, with anything in between."""
    platform = key.split(b"|")[0].decode()
    origin = draw(st.sampled_from(_ORIGINS))
    events: list[Event] = []
    if draw(st.integers(0, 9)):
        labels, items = draw(st.sampled_from(_LABELS)), draw(st.sampled_from([1, 1, 2, 3]))
        logged_at = origin + draw(_DELAYS)
        events.append(_filing(labels, items, test=False)(key, platform, origin, logged_at, 10))
        events += draw(_action_sequences(key, origin))
    for place, draft in enumerate(draw(st.lists(_event_drafts, max_size=8))):
        at = origin + draw(_OFFSETS)
        number = draw(st.one_of(st.just(30 + place), st.just(30 + place), _ids, st.integers(10, 14)))
        events.append(draft(key, platform, at, at + draw(_DELAYS), number))
    return events


@st.composite
def _action_sequences(draw: st.DrawFn, key: bytes, origin: int) -> list[Event]:
    """Draw deeds one after the other, at once or with gaps, each with an id of its own."""
    platform = key.split(b"|")[0].decode()
    events: list[Event] = []
    at = origin
    for place, action_kind in enumerate(
        draw(st.lists(_action_kinds, min_size=draw(st.sampled_from([0, 2, 5])), max_size=7))
    ):
        at += draw(_GAPS)
        events.append(_action(action_kind, draw(_items))(key, platform, at, at, 11 + place))
    return events


@st.composite
def heartbeats(draw: st.DrawFn) -> list[Event]:
    """Draw a few promises, forward and backward."""
    return [
        Heartbeat(
            platform=draw(st.sampled_from(["harbor", "lantern"])),
            at=(at := START + draw(st.integers(0, 30)) * DAY),
            logged_at=at,
            complete_through=at - draw(st.sampled_from([0, 1, MINUTE, DAY])),
            sequence=sequence,
            topic_role=draw(st.sampled_from(["", "report-filed", "action-taken", "action-taken"])),
        )
        for sequence in range(draw(st.integers(0, 4)))
    ]


@st.composite
def event_streams(draw: st.DrawFn) -> list[Event]:
    """Draw a stream over a few reports of two platforms, in no order."""
    keys = draw(st.lists(st.sampled_from(REPORT_KEYS), min_size=1, max_size=3, unique=True))
    events = [event for key in keys for event in draw(report_events(key))]
    return events + draw(heartbeats())


instants: Final = st.one_of(
    st.sampled_from([START + offset for offset in (0, DAY - 1, DAY, DAY + 1, 2 * DAY, 3 * DAY, 20 * DAY)]),
    st.integers(START - DAY, START + 60 * DAY),
)
"""Instants to advance to, all long before anything is forgotten."""


@st.composite
def delivery_batches(draw: st.DrawFn, events: Sequence[Event]) -> list[tuple[list[Event], int]]:
    """Draw a way to deliver `events`: some twice, in any order, in batches, time moving on before each batch."""
    repeated = draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    order = draw(st.permutations([*events, *repeated]))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=4)))
    parts = [order[low:high] for low, high in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    nows = sorted(draw(st.lists(instants, min_size=len(parts), max_size=len(parts))))
    return list(zip(parts, nows, strict=True))


_ACTION_WORDS: Final = (
    *(outcome.value for outcome in Outcome if not outcome.value.endswith("restricted")),
    "already_restricted",
    "final",
    "partial",
)
_ROLES: Final = ("stops", "stops", "stops", "competes", "competes", "starts", "pauses", "resumes")


@st.composite
def oracle_clocks(draw: st.DrawFn, name: str = "custom") -> OracleClock:
    """Draw a clock of any shape; only endings other than restrictions compete."""
    roles = draw(st.dictionaries(st.sampled_from(_ACTION_WORDS), st.sampled_from(_ROLES), min_size=2, max_size=9))
    if draw(st.booleans()):
        roles.update(paused="pauses", resumed="resumes")
    if not draw(st.integers(0, 2)):
        roles.update(final="stops")

    def words(role: str) -> frozenset[str]:
        return frozenset(word for word, given in roles.items() if given == role)

    return OracleClock(
        name=name,
        stops=words("stops") or frozenset({"final"}),
        competes=words("competes") & ENDING_WORDS - {"final"},
        starts=words("starts") - {"final"},
        pauses=words("pauses") - {"final"},
        resumes=words("resumes") - {"final"},
        all_items=draw(st.booleans()),
        restarts_after_reopen=draw(st.booleans()),
        limit=draw(st.sampled_from([None, HOUR, DAY, 25 * HOUR, 7 * DAY])),
        harms=draw(st.sampled_from([frozenset[str](), frozenset[str](), frozenset({Harm.GROOMING.value})])),
    )


_PAUSABLE_CLOCKS: Final = (
    OracleClock(
        name="net_of_pauses",
        stops=frozenset({"final", "no_violation"}),
        competes=frozenset({"withdrawn", "expired"}),
        pauses=frozenset({"paused"}),
        resumes=frozenset({"resumed"}),
        restarts_after_reopen=True,
    ),
    OracleClock(
        name="first_item_after_acknowledgement",
        stops=frozenset({"final", "partial"}),
        competes=frozenset({"no_violation"}),
        starts=frozenset({"acknowledged", "escalated"}),
        pauses=frozenset({"paused", "appeal_filed"}),
        resumes=frozenset({"resumed", "appeal_upheld"}),
        all_items=False,
        limit=HOUR,
    ),
)

clock_packs: Final = st.one_of(
    st.just(STANDARD_ORACLE_CLOCKS),
    st.just(_PAUSABLE_CLOCKS),
    st.tuples(oracle_clocks("first"), oracle_clocks("second")),
)
"""The standard clocks, two that pause, or two of any shape."""
