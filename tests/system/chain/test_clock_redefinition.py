"""A pack that defines a clock anew under its name: the worker stops, and says what to do."""

from tests.support.paths import ROOT
from tests.support.process.chain import ChainFactory
from tests.support.waiting import wait_until

PACK = ROOT / "tests/support/events/pausing.toml"


def test_a_worker_says_which_definition_has_changed_under_its_name(own_topics_chain: ChainFactory) -> None:
    chain = own_topics_chain("embedded_broker")
    changed = chain.folder / "changed.toml"
    changed.write_text(PACK.read_text(encoding="utf-8").replace('"24h"', '"48h"'), encoding="utf-8")
    first = chain.start_worker(SAFECLOCK_PACKS=str(PACK))
    wait_until(lambda: len(chain.checkpoints()) == chain.registry.partitions, "the first commits", chain.logs)
    assert first.terminate() == 0, chain.logs()

    second = chain.start_worker(SAFECLOCK_PACKS=str(changed))
    wait_until(lambda: second.exit_code is not None, "the worker to end", chain.logs)

    assert second.exit_code == 1
    assert (
        "the worker stopped: clock net_of_queueing@1: expected the definition that was loaded first, "
        "got another one; give it a new version"
    ) in second.log_text()
    assert "Traceback" not in second.log_text()
