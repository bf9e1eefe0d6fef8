"""What one platform sends, or what fails because of it, does not keep another platform from being counted."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from streams.contract.outputs.measures import COHORT_PREFIX, COUNTERS_PREFIX, decode_cohort, decode_counters
from streams.contract.topics import TopicSettings
from streams.domain.cohorts.parts import MAX_PROFILES_PER_PART
from streams.domain.duration_bins import DAY, HOUR, MINUTE
from streams.edge.clock import wall_clock_ms
from tests.support.events.event_lines import EPOCH_OFFSET_MS, action_line, filing_line, report_token
from tests.support.process.chain import Chain
from tests.support.process.fast_worker import COMMIT_FAULT_VARIABLE
from tests.support.process.reference_comparison import assert_equals_reference
from tests.support.waiting import wait_until

PLATFORMS = ("harbor", "lantern")
RECENT_OFFSET_MS = (wall_clock_ms() - EPOCH_OFFSET_MS) // DAY * DAY - 6 * DAY
"""Some days ago, after START: an action of long ago would be refused at once where it is read before its filing."""
UNCOMMITTABLE = "safeclock_worker_uncommittable_platforms"


class LimitedChain(Chain):
    """A chain of two platforms, each with topics of its own; `limit` is how many bytes a commit's record batch may have."""

    limit: int | None = None

    @override
    def _registry_text(self, partitions: int) -> Path:
        topics = {name: [f"{self.application}-{role}-{name}" for role in ("filed", "taken")] for name in PLATFORMS}
        platforms = [
            f'[[platforms]]\nid = "{name}"\nprovider = "{name} Ltd"\nreport_filed = "{filings}"\naction_taken = "{actions}"'
            for name, (filings, actions) in topics.items()
        ]
        file = self.folder / f"{self.application}.toml"
        file.write_text("\n".join([f"partitions = {partitions}", *platforms]), encoding="utf-8")
        return file

    @override
    def desired_topics(self) -> list[TopicSettings]:
        limited = {} if self.limit is None else {"max.message.bytes": str(self.limit)}
        return [
            replace(topic, config={**topic.config, **limited}) if topic.name in self.names[:2] else topic
            for topic in super().desired_topics()
        ]

    def filed_total(self, platform: str) -> int:
        """Return how many reports of a platform are counted."""
        rows = [row for _, key, row in self.stored(self.names.measures) if key == COUNTERS_PREFIX + platform.encode()]
        return sum(decode_counters(row).get("filed", 0) for row in rows)

    def positions_of(self, platform: str) -> dict[str, int]:
        """Return how far the topics of a platform have been committed."""
        (position,) = self.checkpoints().values()
        return {topic: reached.next for topic, reached in position.topics.items() if topic.endswith(platform)}


@pytest.fixture
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LimitedChain]:
    bootstrap = request.getfixturevalue(getattr(request, "param", "apache_kafka"))
    with closing(LimitedChain(bootstrap, tmp_path, 1)) as made:
        yield made


def platform_lines(platform: str, names: Iterable[str], at: int = 0) -> list[bytes]:
    """Return reports that are filed and acknowledged an hour later: they stay open, so none is forgotten meanwhile."""
    lines, at = [], RECENT_OFFSET_MS + at
    for name in names:
        lines.append(filing_line(name, at, platform=platform, recorded_at=at))
        lines.append(action_line(name, "acknowledged", at + HOUR, platform=platform, recorded_at=at + HOUR))
    return lines


@pytest.mark.parametrize("chain", ["apache_kafka", "embedded_broker"], indirect=True)
def test_a_platform_whose_state_cannot_be_committed_is_suspended_alone(chain: LimitedChain) -> None:
    first = [*platform_lines("harbor", ["h1", "h2"]), *platform_lines("lantern", ["l1"])]
    more = [*platform_lines("harbor", ["broken", "h3"], HOUR), *platform_lines("lantern", ["l2", "l3"], HOUR)]
    last = [*platform_lines("harbor", ["h4"], DAY), *platform_lines("lantern", ["l4"], DAY)]
    chain.create_topics()
    worker = chain.start_worker(**{COMMIT_FAULT_VARIABLE: report_token("broken")})
    chain.publish(first)
    wait_until(
        lambda: (chain.filed_total("harbor"), chain.filed_total("lantern")) == (2, 1),
        "the first to be counted",
        chain.logs,
    )
    stood = chain.positions_of("harbor")

    chain.publish(more)
    wait_until(lambda: worker.counter_total(UNCOMMITTABLE) == 1, "harbor to be suspended", chain.logs)
    chain.publish(last)
    wait_until(lambda: chain.filed_total("lantern") == 4, "lantern to be counted", chain.logs)

    assert worker.exit_code is None
    assert chain.filed_total("harbor") == 2
    assert chain.positions_of("harbor") == stood
    assert "platform harbor is suspended: RuntimeError at" in worker.log_text()

    worker.kill()
    corrected = chain.start_worker()
    now = chain.wait_until_applied(EPOCH_OFFSET_MS + RECENT_OFFSET_MS + 4 * DAY)

    assert corrected.counter_total(UNCOMMITTABLE) == 0
    assert_equals_reference(chain, [*first, *more, *last], now)


def filing_lines(platform: str, count: int) -> list[bytes]:
    """Return reports of one day with equal labels that all stand differently: minute of filing by bin of an answer."""
    lines = []
    for number in range(count):
        name, at = f"{platform}-{number}", RECENT_OFFSET_MS + number // 100 * MINUTE
        lines.append(filing_line(name, at, platform=platform, recorded_at=at))
        lines.append(
            action_line(
                name, "acknowledged", at + (1 + number % 100) * MINUTE, platform=platform, recorded_at=at + 2 * HOUR
            )
        )
    return lines


@pytest.mark.parametrize(
    ("chain", "reports", "limit"),
    [
        ("embedded_broker", 1_500, 32 * 1024),
        ("apache_kafka", 2_000, 32 * 1024),
        pytest.param("apache_kafka", 60_000, 1024 * 1024, marks=pytest.mark.slow),
    ],
    indirect=["chain"],
)
def test_a_cohort_that_is_larger_than_a_record_batch_is_counted_and_so_are_the_others(
    chain: LimitedChain, reports: int, limit: int
) -> None:
    """The changelog and `measures` take so little that a cohort in one row would end the worker."""
    chain.limit = limit
    chain.create_topics()
    whole = filing_lines("harbor", reports)
    trickle = platform_lines("lantern", [f"l{number}" for number in range(5)])
    worker = chain.start_worker()

    chain.publish(whole[:reports])
    chain.publish(trickle[:4])
    wait_until(lambda: chain.filed_total("lantern") == 2, "lantern to be counted", chain.logs)
    worker.kill()
    worker = chain.start_worker()
    chain.publish([*whole[reports:], *trickle[4:]])
    now = chain.wait_until_applied(EPOCH_OFFSET_MS + RECENT_OFFSET_MS + 4 * DAY)

    assert_equals_reference(chain, [*whole, *trickle], now)
    assert worker.exit_code is None
    rows = [row for _, key, row in chain.stored(chain.names.measures) if key.startswith(COHORT_PREFIX + b"harbor")]
    assert sum(map(len, rows)) > limit
    assert max(len(decode_cohort(row)) for row in rows) <= MAX_PROFILES_PER_PART
