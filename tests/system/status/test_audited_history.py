"""A year of history into an opened span, through the commands, Apache Kafka and a worker that is killed on the way."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from streams.batch.load import load_files
from streams.contract.registry.file import read_registry
from streams.contract.registry.registry import Role
from streams.domain.duration_bins import DAY, HOUR
from tests.support.ledger.totals import Totals, of_file, totals
from tests.support.process.chain import Part
from tests.support.simulation.recent_history import lines_of, midnight_before, plan_of
from tests.support.waiting import until
from tests.system.status.platform_chain import OwnTopics

pytestmark = pytest.mark.slow

PLAN = plan_of(reports=3_000, weeks=52)
OPENED, CLOSED = midnight_before(15 * DAY), midnight_before(0)
SPAN = {"from_": PLAN.start_ms - DAY, "until": PLAN.end_ms + DAY, "opened_on": OPENED}
APPLIED = "safeclock_worker_records_applied_total"


@pytest.fixture
def chain(apache_kafka: str, tmp_path: Path) -> Iterator[OwnTopics]:
    with closing(OwnTopics(apache_kafka, tmp_path, partitions=2)) as made:
        made.create_topics()
        yield made


def opened(chain: OwnTopics, **span: int) -> None:
    """Let the registry have this span, as an operator writes it; workers see it when they start."""
    chain.registry_with(2, **span)
    chain.registry = read_registry(chain.registry_file)


def published(chain: OwnTopics, file: Path, *more: str) -> Any:  # noqa: ANN401 - how a command ended
    return chain.told("publish", "--history", f"--registry={chain.registry_file}", str(file), *more)


def measured(chain: OwnTopics) -> Totals:
    """Return what workers tell on `measures`, once they have read everything."""
    chain.settled(0)
    return totals(chain.stored(chain.names.measures))


def all_late(told: Totals, verdict: str) -> int:
    """Return how many verdicts there are with this timing."""
    return sum(
        count
        for tally in told.counted.values()
        for name, count in tally.items()
        if name.startswith("deadline|") and name.endswith(verdict)
    )


def test_a_year_of_history_is_counted_once_as_its_file_says_and_all_of_it_late(chain: OwnTopics) -> None:
    lines = lines_of(PLAN)
    file = chain.folder / "year.jsonl"
    file.write_bytes(b"".join(line.rstrip() + b"\n" for line in lines))

    refused = published(chain, file)
    assert (refused.code, "nothing was sent" in refused.err) == (1, True), refused
    assert "too_old" in refused.err
    assert "[[platforms.history]]" in refused.err
    assert not any(chain.read(topic) for topic in chain.sources)

    opened(chain, **SPAN)
    first = chain.worker()
    done = published(chain, file)
    assert done.code == 0, done
    assert "acknowledged does not mean accepted" in done.err
    until(lambda: first.total(APPLIED) > 500, "some records to be applied", chain.logs)
    first.kill()
    second = chain.worker()
    told = measured(chain)

    expected = load_files(lines, chain.registry)
    wanted = totals(of_file(expected, PLAN.end_ms + HOUR))
    assert told.cohorts == wanted.cohorts
    assert all_late(told, "|live") == 0
    assert all_late(told, "|late") >= all_late(wanted, "|live") > 0
    for platform in chain.registry.platforms:
        code, document = chain.status(platform)
        assert code == 0, document
        assert (code, document["refused"], document["lag"], document["refusals"]) == (0, 0, 0, []), document
        assert document["accepted"] == document["read"] > 0
        assert document["history"] == told.counted[b"n|" + platform.encode()]["history"]

    again(chain, file, told)
    assert second.terminate() == 0, chain.logs()
    closing_it(chain, file, told)


def again(chain: OwnTopics, file: Path, told: Totals) -> None:
    """Publish the file once more, while the span is open: all of it is accepted and counts for nothing."""
    assert published(chain, file).code == 0

    assert measured(chain).cohorts == told.cohorts
    code, document = chain.status("harbor")
    assert (code, document["refused"]) == (0, 0)
    assert document["duplicates"] > 0


def closing_it(chain: OwnTopics, file: Path, told: Totals) -> None:
    """Close the span and publish the file once more: the publisher refuses it, and so do workers."""
    yesterday = chain.folder / "yesterday.toml"
    yesterday.write_bytes(chain.registry_file.read_bytes())
    opened(chain, **SPAN, closes_on=CLOSED)
    worker: Part = chain.worker()
    assert published(chain, file).code == 1

    assert chain.told("publish", "--history", f"--registry={yesterday}", str(file)).code == 0

    found = measured(chain)
    assert found.cohorts == told.cohorts
    assert found.counted[b"n|harbor"]["filed"] == told.counted[b"n|harbor"]["filed"]
    code, document = chain.status("harbor")
    (group,) = [each for each in document["refusals"] if each["reason"] == "too_old"]
    assert (code, group["field"]) == (1, "time")
    assert group["first"]["topic"] == chain.registry.platforms["harbor"].topic(Role.REPORT_FILED)
    assert worker.terminate() == 0, chain.logs()
