"""A client with another partitioner than Kafka's: what lies on a wrong partition is refused, and its publisher sees it."""

from collections import Counter

import pytest

from streams.contract.outputs import refusal_records
from streams.domain.duration_bins import HOUR
from streams.domain.ledger import counters
from streams.domain.vocabulary import RefusalReason
from tests.support.events.examples import AT
from tests.support.ledger.totals import ledger_totals
from tests.support.process.chain import ChainFactory
from tests.support.process.misplaced_events import (
    PARTITIONS,
    PLATFORM,
    REPORTS,
    events_on_own_partition,
    publish_misplaced,
)


@pytest.mark.parametrize("broker", ["apache_kafka", pytest.param("embedded_broker", marks=pytest.mark.slow)])
def test_all_that_a_wrong_partitioner_puts_on_a_wrong_partition_is_refused_and_reported_and_the_rest_is_counted(
    own_topics_chain: ChainFactory, broker: str
) -> None:
    chain = own_topics_chain(broker, partitions=PARTITIONS)
    worker = chain.start_worker()

    astray = publish_misplaced(chain)
    chain.wait_until_applied(AT + HOUR)
    assert worker.terminate() == 0, chain.logs()

    refusals = [
        refusal_records.decode_refusal(record.value).data
        for record in chain.read_committed(chain.names.refusals)
        if record.value
    ]
    counted = Counter[str]()
    for tally in ledger_totals(chain.stored(chain.names.measures)).counters.values():
        counted.update(tally)
    assert 0 < events_on_own_partition() < REPORTS / 2
    assert counted[counters.FILED] == events_on_own_partition()
    assert (
        counted[counters.refused(RefusalReason.WRONG_PARTITION)]
        == len(astray)
        == 2 * (REPORTS - events_on_own_partition())
    )
    assert {(one.topic, one.partition, one.offset) for one in refusals} == astray
    assert {(one.reason, one.platform) for one in refusals} == {(RefusalReason.WRONG_PARTITION, PLATFORM)}
