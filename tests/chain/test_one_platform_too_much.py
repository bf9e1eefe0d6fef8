"""What one platform sends, or what fails because of it, does not keep another platform from being counted."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from typing_extensions import override

from streams.contract.measures import COHORT, COUNTERS, decode_cohort, decode_counters
from streams.domain.grid import DAY, HOUR, MINUTE
from streams.domain.parts import MOST
from streams.runtime.broker import Broker
from tests.batch.story import START, acted, filed, token
from tests.chain.agreement import agree
from tests.chain.chain import Chain
from tests.chain.quick import UNSETTLED
from tests.chain.waiting import until

pytestmark = pytest.mark.integration

PLATFORMS = ("harbor", "lantern")
_LIMIT = "max.message.bytes"
_KEPT = ("cleanup.policy", "message.timestamp.type")
UNCOMMITTABLE = "safeclock_worker_uncommittable_platforms"


class OwnTopics(Chain):
    """A chain of two platforms, each with topics of its own."""

    @override
    def _written(self, partitions: int) -> Path:
        topics = {name: [f"{self.application}-{role}-{name}" for role in ("filed", "taken")] for name in PLATFORMS}
        platforms = [
            f'[[platforms]]\nid = "{name}"\nprovider = "{name} Ltd"\nreport_filed = "{filings}"\naction_taken = "{actions}"'
            for name, (filings, actions) in topics.items()
        ]
        file = self.folder / f"{self.application}.toml"
        file.write_text("\n".join([f"partitions = {partitions}", *platforms]), encoding="utf-8")
        return file

    def filed(self, platform: str) -> int:
        """Return how many reports of a platform are counted."""
        rows = [row for _, key, row in self.stored(self.names.measures) if key == COUNTERS + platform.encode()]
        return sum(decode_counters(row).get("filed", 0) for row in rows)

    def limit_batches(self, limit: int) -> None:
        """Let the worker's own compacted topics take record batches of so many bytes."""
        names = (self.names.changelog, self.names.measures)
        with Broker(self.bootstrap) as broker, closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            for name, told in broker.settings(names).items():
                wanted = {setting: told[setting] for setting in _KEPT} | {_LIMIT: str(limit)}
                admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, wanted)])
            until(
                lambda: {told[_LIMIT] for told in broker.settings(names).values()} == {str(limit)},
                "both topics to be limited",
            )

    def positions_of(self, platform: str) -> dict[str, int]:
        """Return how far the topics of a platform have been committed."""
        (position,) = self.positions().values()
        return {topic: reached.next for topic, reached in position.topics.items() if topic.endswith(platform)}


@pytest.fixture
def chain(apache_kafka: str, tmp_path: Path) -> Iterator[OwnTopics]:
    with closing(OwnTopics(apache_kafka, tmp_path, 1)) as made:
        made.create_topics()
        yield made


def story(platform: str, names: Iterable[str], at: int = 0) -> list[bytes]:
    """Return reports that are filed and acted upon an hour later."""
    lines = []
    for name in names:
        lines.append(filed(name, at, platform=platform, told=at))
        lines.append(acted(name, "restricted", at + HOUR, platform=platform, told=at + HOUR))
    return lines


def test_a_platform_whose_state_cannot_be_committed_is_suspended_alone(chain: OwnTopics) -> None:
    first = [*story("harbor", ["h1", "h2"]), *story("lantern", ["l1"])]
    more = [*story("harbor", ["broken", "h3"], HOUR), *story("lantern", ["l2", "l3"], HOUR)]
    last = [*story("harbor", ["h4"], DAY), *story("lantern", ["l4"], DAY)]
    worker = chain.worker(**{UNSETTLED: token("broken")})
    chain.publish(first)
    until(lambda: (chain.filed("harbor"), chain.filed("lantern")) == (2, 1), "the first to be counted", chain.logs)
    stood = chain.positions_of("harbor")

    chain.publish(more)
    until(lambda: worker.total(UNCOMMITTABLE) == 1, "harbor to be suspended", chain.logs)
    chain.publish(last)
    until(lambda: chain.filed("lantern") == 4, "lantern to be counted", chain.logs)

    assert worker.code is None
    assert chain.filed("harbor") == 2
    assert chain.positions_of("harbor") == stood
    assert "platform harbor is suspended: RuntimeError at" in worker.said()

    worker.kill()
    corrected = chain.worker()
    now = chain.settled(START + 4 * DAY)

    assert corrected.total(UNCOMMITTABLE) == 0
    agree(chain, [*first, *more, *last], now)


def many(platform: str, count: int) -> list[bytes]:
    """Return reports of one day with equal labels that all stand differently: minute of filing by bin of an answer."""
    lines = []
    for number in range(count):
        name, at = f"{platform}-{number}", number // 100 * MINUTE
        lines.append(filed(name, at, platform=platform, told=at))
        lines.append(
            acted(name, "acknowledged", at + (1 + number % 100) * MINUTE, platform=platform, told=at + 2 * HOUR)
        )
    return lines


def test_a_cohort_that_is_larger_than_a_record_batch_is_counted_and_so_are_the_others(chain: OwnTopics) -> None:
    """The changelog and `measures` take so little that a cohort in one row would end the worker."""
    limit = 32 * 1024
    chain.limit_batches(limit)
    whole = many("harbor", 2_000)
    trickle = story("lantern", [f"l{number}" for number in range(5)])
    worker = chain.worker()

    chain.publish(whole[:2_000])
    chain.publish(trickle[:4])
    until(lambda: chain.filed("lantern") == 2, "lantern to be counted", chain.logs)
    worker.kill()
    worker = chain.worker()
    chain.publish([*whole[2_000:], *trickle[4:]])
    now = chain.settled(START + 4 * DAY)

    agree(chain, [*whole, *trickle], now)
    assert worker.code is None
    rows = [row for _, key, row in chain.stored(chain.names.measures) if key.startswith(COHORT + b"harbor")]
    assert sum(map(len, rows)) > limit
    assert max(len(decode_cohort(row)) for row in rows) <= MOST
