"""A pack that defines a clock anew under its name: the worker stops, and says what to do."""

from tests.support.paths import ROOT
from tests.support.process.chain import Make
from tests.support.waiting import until

PACK = ROOT / "tests/support/events/pausing.toml"


def test_a_worker_says_which_definition_has_changed_under_its_name(apart: Make) -> None:
    chain = apart("embedded_broker")
    changed = chain.folder / "changed.toml"
    changed.write_text(PACK.read_text(encoding="utf-8").replace('"24h"', '"48h"'), encoding="utf-8")
    first = chain.worker(SAFECLOCK_PACKS=str(PACK))
    until(lambda: len(chain.positions()) == chain.registry.partitions, "the first commits", chain.logs)
    assert first.terminate() == 0, chain.logs()

    second = chain.worker(SAFECLOCK_PACKS=str(changed))
    until(lambda: second.code is not None, "the worker to end", chain.logs)

    assert second.code == 1
    assert (
        "the worker stopped: clock net_of_queueing@1: expected the definition that was loaded first, "
        "got another one; give it a new version"
    ) in second.said()
    assert "Traceback" not in second.said()
