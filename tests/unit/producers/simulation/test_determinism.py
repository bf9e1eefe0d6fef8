"""One seed is one history, to the byte, wherever it runs; and every line is the contract's."""

import subprocess
import sys
from hashlib import sha256
from json import loads

import pytest

from producers.simulation.model.config import SimulationConfig
from producers.simulation.model.platform_models import cadences_ms
from producers.simulation.published_events import PublishedEvent, encode_line
from producers.simulation.traffic import simulate_history
from streams.contract.events.decoder import EventDecoder, Refusal
from streams.contract.events.schema.envelope import ReportFiledEvent
from streams.contract.registry.file import read_registry
from streams.contract.timestamps import parse_timestamp
from streams.domain.vocabulary import Harm, Outcome
from tests.support.paths import DEMO_REGISTRY, ROOT

SMALL = SimulationConfig(seed=7, weeks=1, reports=400)

# Changes whenever the model does, and then on purpose: run `digest(SMALL)`.
SMALL_DIGEST = "039a90648248471468ce04ad743fc96b32cde23d3fb65e9bc6e10aa923267990"


def digest(plan: SimulationConfig) -> str:
    return sha256(b"\n".join(map(encode_line, simulate_history(plan)))).hexdigest()


def test_a_history_is_the_same_on_every_machine() -> None:
    assert digest(SMALL) == SMALL_DIGEST


def test_a_history_does_not_depend_on_the_order_of_hashes() -> None:
    program = "from tests.unit.producers.simulation.test_determinism import SMALL, digest\nprint(digest(SMALL))"

    printed = [
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]

    assert printed == [f"{SMALL_DIGEST}\n".encode()] * 2


def test_another_seed_is_another_history() -> None:
    other = SMALL._replace(seed=8)

    tokens = {getattr(published.event, "subject", "") for published in simulate_history(SMALL)}
    others = {getattr(published.event, "subject", "") for published in simulate_history(other)}

    assert digest(other) != SMALL_DIGEST
    assert tokens & others == {""}


def test_events_come_in_the_order_of_being_logged_within_the_span(
    plan: SimulationConfig, history: list[PublishedEvent]
) -> None:
    instants = [published.logged_at_ms for published in history]

    assert instants == sorted(instants)
    assert plan.start_ms <= instants[0]
    assert instants[-1] < plan.end_ms


def test_every_line_is_accepted_with_the_demos_registry(history: list[PublishedEvent]) -> None:
    decoder = EventDecoder(read_registry(DEMO_REGISTRY))

    refused = [
        published
        for published in history
        if isinstance(decoder.decode_line(encode_line(published), published.logged_at_ms), Refusal)
    ]

    assert refused == []


def test_a_line_carries_its_log_time(history: list[PublishedEvent]) -> None:
    first = history[0]

    read = loads(encode_line(first))

    assert parse_timestamp(read["recordedtime"]) == first.logged_at_ms


def test_the_demos_registry_knows_every_platform_by_its_cadence() -> None:
    registry = read_registry(DEMO_REGISTRY)

    assert {name: platform.cadence_ms for name, platform in registry.platforms.items()} == cadences_ms()


def test_an_event_id_is_used_twice_only_to_say_the_same_again(history: list[PublishedEvent]) -> None:
    first: dict[tuple[str, str], PublishedEvent] = {}

    again = [
        (published, earlier)
        for published in history
        if (earlier := first.setdefault((published.platform, published.event.id), published)) is not published
    ]

    assert 0 < len(again) < len(history) / 100
    assert all(published.event == earlier.event and published.role is earlier.role for published, earlier in again)


def test_every_word_that_the_model_uses_occurs(history: list[PublishedEvent]) -> None:
    said = {published.event.data.__struct_config__.tag for published in history} - {None}
    harms = {published.event.data.harm for published in history if isinstance(published.event, ReportFiledEvent)}

    assert set(Outcome) - said == {Outcome.VALIDATED, Outcome.NOTICE_SERVED}
    assert harms == set(Harm)


@pytest.mark.parametrize("reports", [3_000, 30_000])
def test_about_as_many_reports_are_filed_as_were_asked_for(reports: int) -> None:
    plan = SimulationConfig(seed=3, weeks=4, reports=reports)

    filed = {
        published.event.subject for published in simulate_history(plan) if isinstance(published.event, ReportFiledEvent)
    }

    # Juniper and saffron keep some of theirs to themselves.
    assert len(filed) == pytest.approx(0.96 * reports, rel=0.06)
