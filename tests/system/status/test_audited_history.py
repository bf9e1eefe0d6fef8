"""A year of history into an opened span, through the commands, Apache Kafka and a worker that is killed on the way."""

from pathlib import Path

import pytest

from streams.batch.load import load_files
from streams.contract.registry.file import read_registry
from streams.contract.registry.registry import Role
from streams.domain.duration_bins import DAY, HOUR
from tests.support.ledger.totals import LedgerTotals, ledger_totals, totals_of_file
from tests.support.process.running_process import SafeclockProcess
from tests.support.simulation.recent_history import event_lines, midnight_before, recent_plan
from tests.support.waiting import wait_until
from tests.system.status.platform_chain import CommandResult, OwnTopicsChain

pytestmark = pytest.mark.slow

PLAN = recent_plan(reports=3_000, weeks=52)
HISTORY_OPENED_AT, HISTORY_CLOSED_AT = midnight_before(15 * DAY), midnight_before(0)
HISTORY_SPAN = {"from_": PLAN.start_ms - DAY, "until": PLAN.end_ms + DAY, "opened_on": HISTORY_OPENED_AT}
APPLIED = "safeclock_worker_records_applied_total"


def open_history(chain: OwnTopicsChain, **span: int) -> None:
    """Let the registry have this span, as an operator writes it; workers see it when they start."""
    chain.registry_text(2, **span)
    chain.registry = read_registry(chain.registry_file)


def publish_file(chain: OwnTopicsChain, file: Path, *more: str) -> CommandResult:
    return chain.run_to_end("publish", "--history", f"--registry={chain.registry_file}", str(file), *more)


def measure_file(chain: OwnTopicsChain) -> LedgerTotals:
    """Return what workers tell on `measures`, once they have read everything."""
    chain.wait_until_applied(0)
    return ledger_totals(chain.stored(chain.names.measures))


def assert_all_late(totals: LedgerTotals, outcome: str) -> int:
    """Return how many deadline outcomes there are with this timing."""
    return sum(
        count
        for tally in totals.counters.values()
        for name, count in tally.items()
        if name.startswith("deadline|") and name.endswith(outcome)
    )


def test_a_year_of_history_is_counted_once_as_its_file_says_and_all_of_it_late(chain: OwnTopicsChain) -> None:
    lines = event_lines(PLAN)
    file = chain.folder / "year.jsonl"
    file.write_bytes(b"".join(line.rstrip() + b"\n" for line in lines))

    refused = publish_file(chain, file)
    assert (refused.exit_code, "nothing was sent" in refused.err) == (1, True), refused
    assert "too_old" in refused.err
    assert "[[platforms.history]]" in refused.err
    assert not any(chain.read_committed(topic) for topic in chain.sources)

    open_history(chain, **HISTORY_SPAN)
    first = chain.start_worker()
    done = publish_file(chain, file)
    assert done.exit_code == 0, done
    assert "acknowledged does not mean accepted" in done.err
    wait_until(lambda: first.counter_total(APPLIED) > 500, "some records to be applied", chain.logs)
    first.kill()
    second = chain.start_worker()
    totals = measure_file(chain)

    expected = load_files(lines, chain.registry)
    wanted = ledger_totals(totals_of_file(expected, PLAN.end_ms + HOUR))
    assert totals.cohorts == wanted.cohorts
    assert assert_all_late(totals, "|live") == 0
    assert assert_all_late(totals, "|late") >= assert_all_late(wanted, "|live") > 0
    for platform in chain.registry.platforms:
        code, document = chain.run_status(platform)
        assert code == 0, document
        assert (code, document["refused"], document["lag"], document["refusals"]) == (0, 0, 0, []), document
        assert document["accepted"] == document["read"] > 0
        assert document["history"] == totals.counters[b"n|" + platform.encode()]["history"]

    publish_again(chain, file, totals)
    assert second.terminate() == 0, chain.logs()
    close_history(chain, file, totals)


def publish_again(chain: OwnTopicsChain, file: Path, totals: LedgerTotals) -> None:
    """Publish the file once more, while the span is open: all of it is accepted and counts for nothing."""
    assert publish_file(chain, file).exit_code == 0

    assert measure_file(chain).cohorts == totals.cohorts
    code, document = chain.run_status("harbor")
    assert (code, document["refused"]) == (0, 0)
    assert document["duplicates"] > 0


def close_history(chain: OwnTopicsChain, file: Path, totals: LedgerTotals) -> None:
    """Close the span and publish the file once more: the publisher refuses it, and so do workers."""
    yesterday = chain.folder / "yesterday.toml"
    yesterday.write_bytes(chain.registry_file.read_bytes())
    open_history(chain, **HISTORY_SPAN, closes_on=HISTORY_CLOSED_AT)
    worker: SafeclockProcess = chain.start_worker()
    assert publish_file(chain, file).exit_code == 1

    assert chain.run_to_end("publish", "--history", f"--registry={yesterday}", str(file)).exit_code == 0

    found = measure_file(chain)
    assert found.cohorts == totals.cohorts
    assert found.counters[b"n|harbor"]["filed"] == totals.counters[b"n|harbor"]["filed"]
    code, document = chain.run_status("harbor")
    (group,) = [each for each in document["refusals"] if each["reason"] == "too_old"]
    assert (code, group["field"]) == (1, "time")
    assert group["first"]["topic"] == chain.registry.platforms["harbor"].topic(Role.REPORT_FILED)
    assert worker.terminate() == 0, chain.logs()
