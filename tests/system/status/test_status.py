"""What a platform learns of live events that its own partitioner put in the wrong place."""

import pytest

from tests.support.waiting import wait_until
from tests.system.status.platform_chain import REPORTS, OwnTopicsChain, publish_reports

pytestmark = pytest.mark.slow


def test_a_wrong_partitioner_is_seen_in_the_status(chain: OwnTopicsChain) -> None:
    worker = chain.start_worker()
    astray = publish_reports(chain, right=False)

    code, document = chain.run_status("harbor")

    assert code == 1, document
    assert (document["read"], document["lag"]) == (2 * REPORTS, 0)
    assert (document["refused"], document["accepted"]) == (astray, 2 * REPORTS - astray)
    (group,) = document["refusals"]
    assert (group["reason"], group["count"]) == ("wrong_partition", astray)
    first = group["first"]
    assert first["topic"] == chain.registry.platforms["harbor"].action_taken
    assert chain.run_status("lantern")[0] == 0
    later = chain.run_to_end(
        *("status", "--platform=harbor", f"--registry={chain.registry_file}", "--since=2126-01-01T00:00:00Z")
    )
    assert later.exit_code == 0, later
    assert "no refusal since 2126" in later.out
    assert worker.terminate() == 0, chain.logs()


def test_all_that_is_accepted_ends_with_0_and_what_nobody_reads_with_3(chain: OwnTopicsChain) -> None:
    publish_reports(chain, right=True)
    registry = f"--registry={chain.registry_file}"
    unread = chain.run_to_end("status", "--platform=harbor", registry)
    assert (unread.exit_code, "not known yet" in unread.out) == (3, True), unread

    worker = chain.start_worker()
    code, document = chain.run_status("harbor")

    assert (code, document["refused"], document["accepted"]) == (0, 0, 2 * REPORTS), document
    assert worker.terminate() == 0, chain.logs()
    again = chain.start_worker()
    assert chain.run_status("harbor")[1]["read"] == 2 * REPORTS
    wait_until(lambda: again.get_page("/readyz").startswith("ok"), "the worker to serve", chain.logs)
    assert again.terminate() == 0, chain.logs()


def test_who_asks_no_broker_or_for_nobody_is_refused(chain: OwnTopicsChain) -> None:
    registry = f"--registry={chain.registry_file}"

    nobody = chain.run_to_end("status", "--platform=nobody", registry)
    silent = chain.run_to_end("status", "--platform=harbor", registry, "--bootstrap=127.0.0.1:1")
    shared = chain.run_to_end("status", "--platform=harbor", "--registry=deploy/registry/demo.toml")
    unknown = chain.run_to_end("status", "--platform=stranger")

    assert (nobody.exit_code, "expected one of cobalt" in nobody.err) == (2, True), nobody
    assert (silent.exit_code, "none answered" in silent.err) == (3, True), silent
    assert (shared.exit_code, "topics of its own" in shared.err) == (2, True), shared
    assert (unknown.exit_code, "feedback.stranger" in unknown.err) == (3, True), unknown
