"""A client with another partitioner than Kafka's: what lies on a wrong partition is refused, and its publisher sees it."""

from collections import Counter

import pytest

from streams.contract.outputs import refusal_records
from streams.domain.duration_bins import HOUR
from streams.domain.ledger import counters
from streams.domain.vocabulary import RefusalReason
from tests.support.events.examples import AT
from tests.support.ledger.totals import totals
from tests.support.process.chain import Make
from tests.support.process.misplaced_events import PARTITIONS, PLATFORM, REPORTS, at_home, publish_misplaced


@pytest.mark.parametrize("broker", ["apache_kafka", pytest.param("embedded_broker", marks=pytest.mark.slow)])
def test_all_that_a_wrong_partitioner_puts_astray_is_refused_and_told_and_the_rest_is_counted(
    apart: Make, broker: str
) -> None:
    chain = apart(broker, partitions=PARTITIONS)
    worker = chain.worker()

    astray = publish_misplaced(chain)
    chain.settled(AT + HOUR)
    assert worker.terminate() == 0, chain.logs()

    told = [
        refusal_records.decode_refusal(record.value).data for record in chain.read(chain.names.refusals) if record.value
    ]
    counted = Counter[str]()
    for tally in totals(chain.stored(chain.names.measures)).counted.values():
        counted.update(tally)
    assert 0 < at_home() < REPORTS / 2
    assert counted[counters.FILED] == at_home()
    assert counted[counters.refused(RefusalReason.WRONG_PARTITION)] == len(astray) == 2 * (REPORTS - at_home())
    assert {(one.topic, one.partition, one.offset) for one in told} == astray
    assert {(one.reason, one.platform) for one in told} == {(RefusalReason.WRONG_PARTITION, PLATFORM)}
