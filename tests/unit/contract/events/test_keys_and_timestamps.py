"""Keys, partitions, pseudonyms, topics and instants."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from random import Random

import pytest
from kafka.partitioner.default import DefaultPartitioner

from streams.contract import topics
from streams.contract.events.decoder import Refusal
from streams.contract.events.keys import content_digest, event_digest, heartbeat_key, record_key, report_token
from streams.contract.outputs.refusal_records import EventRefused, decode_refusal, encode_refusal, refusal_key
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import format_timestamp, parse_timestamp
from streams.contract.topics import Replication, partition_of, required_topics
from streams.domain.vocabulary import RefusalReason
from tests.support.events.examples import SECRET, TOKEN
from tests.support.events.input_record import InputRecord

NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()) * 1000


class FixedPartitions:
    """As much of a client's view of a cluster as its partitioner asks for."""

    def __init__(self, partitions: int) -> None:
        self._partitions = set(range(partitions))

    def topics(self) -> set[str]:
        """Return the only topic."""
        return {"measures"}

    def partitions_for_topic(self, _: str) -> set[int]:
        """Return every partition."""
        return self._partitions

    available_partitions_for_topic = partitions_for_topic


@pytest.mark.parametrize("partitions", [1, 8, 32])
def test_a_key_lands_where_a_platforms_own_client_puts_it(partitions: int) -> None:
    random = Random(partitions)
    keys = [random.randbytes(random.randrange(80)) for _ in range(500)]
    client, cluster = DefaultPartitioner(), FixedPartitions(partitions)

    expected = [client.partition("measures", each, each, b"", b"", cluster) for each in keys]

    assert [partition_of(each, partitions) for each in keys] == expected


def test_golden_keys_for_other_languages() -> None:
    report = record_key("harbor", TOKEN)

    assert report == b"harbor|k1_4cEkReh7MNzmMcl3xQ_TtTvaKsYq5F5CYucinPP5ac0"
    assert [partition_of(report, n) for n in (8, 32)] == [7, 31]
    assert heartbeat_key("harbor") == b"harbor"
    assert [partition_of(b"harbor", n) for n in (8, 32)] == [1, 17]


def test_a_pseudonym_is_the_keyed_digest_of_the_report_and_nothing_else() -> None:
    digest = hmac.new(SECRET, b"report 1", hashlib.sha256).digest()

    pseudonym = report_token(SECRET, "k2", "report 1")

    assert pseudonym == "k2_" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert report_token(SECRET[::-1], "k2", "report 1") != pseudonym


@pytest.mark.parametrize(("secret", "key_id"), [(SECRET[:31], "k1"), (SECRET, "K1"), (SECRET, "k12"), (SECRET, "")])
def test_a_weak_secret_or_a_key_without_an_id_makes_no_pseudonym(secret: bytes, key_id: str) -> None:
    with pytest.raises(ValueError, match=r"^(secret|key_id): expected"):
        report_token(secret, key_id, "report 1")


def test_digests_are_frozen_since_changelogs_hold_them() -> None:
    assert f"{event_digest('event-0001'):016x}" == "5ac4163d35c448be"
    assert f"{content_digest(b'said'):08x}" == "14c3dd57"


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2026-03-01T12:00:00Z", 0),
        ("2026-03-01T12:00:00.000Z", 0),
        ("2026-03-01T12:00:00.9Z", 900),
        ("2026-03-01T12:00:00.123999999Z", 123),
        ("2026-03-01T13:30:00+01:30", 0),
        ("2026-03-01T07:00:00.050-05:00", 50),
        ("2026-03-01T12:00:00-00:00", 0),
        ("2026-02-28T23:59:59.999Z", -43_200_001),
    ],
)
def test_an_instant_is_read_to_the_millisecond_and_never_rounded_up(text: str, offset: int) -> None:
    assert parse_timestamp(text) == NOON + offset


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-01",
        "2026-03-01T12:00Z",
        "2026-03-01T12:00:00",
        "2026-03-01 12:00:00Z",
        "2026-03-01t12:00:00z",
        "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00,5Z",
        "2026-03-01T12:00:00.1234567890Z",
        "2026-03-01T12:00:00+0100",
        "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+00:60",
        "2026-03-01T12:00:00-05:99",
        "2026-03-01T24:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-12-31T23:59:60Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "٢٠٢٦-03-01T12:00:00Z",
        "2026-03-01T12:00:00Z\n",
        "+2026-03-01T12:00:00Z",
        "2026-03-01T12:00:0_1Z",
    ],
)
def test_what_is_no_instant_is_not_guessed_at_nor_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected") as error:
        parse_timestamp(text)

    assert not text or text not in str(error.value)


def test_an_instant_is_written_with_milliseconds_in_utc() -> None:
    assert format_timestamp(NOON + 7) == "2026-03-01T12:00:00.007Z"
    assert format_timestamp(0) == "1970-01-01T00:00:00.000Z"


def test_every_topic_has_the_registrys_partitions_and_the_settings_of_its_use() -> None:
    registry = Registry(platforms={}, partitions=12, accepts_all=True)

    settings = {each.name: each for each in required_topics(registry, "app", Replication(factor=1, min_insync=1))}

    written = {"app-changelog", "measures", "event-refused", "report-updates"}
    assert set(settings) == {"report-filed", "action-taken", *written}
    assert {each.partitions for each in settings.values()} == {12}
    assert settings["report-filed"].config["message.timestamp.type"] == "LogAppendTime"
    assert settings["report-filed"].config["compression.type"] == "producer", "expected no broker to decompress"
    assert int(settings["report-filed"].config["retention.ms"]) >= 400 * 86_400_000
    assert settings["app-changelog"].config["cleanup.policy"] == "compact"
    assert settings["app-changelog"].config["segment.bytes"] == str(64 * 1024 * 1024)
    assert settings["event-refused"].config["retention.ms"] == str(7 * 86_400_000)


def test_the_publishers_time_must_be_asked_for() -> None:
    asked = required_topics(Registry.accepting_all(), "app", Replication(), record_time="create")

    stamps = {each.config.get("message.timestamp.type") for each in asked}

    assert stamps == {"CreateTime", None}


def test_more_acknowledgements_than_brokers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^min_insync: expected 1 to 2"):
        Replication(factor=2, min_insync=3)


def test_a_refusal_is_reported_without_the_record_and_the_same_at_every_redelivery() -> None:
    record = InputRecord(topics.MEASURES, b"mustnotleak", b"mustnotleak", NOON, (), 3, 41)
    refusal = Refusal(RefusalReason.BAD_VALUE, "harm", "harbor")

    value = encode_refusal(refusal, record)

    assert b"mustnotleak" not in value + refusal_key(record)
    assert value == encode_refusal(refusal, record)
    assert refusal_key(record) == b"measures/3/41"
    logged_at, refused = decode_refusal(value).logged_at, decode_refusal(value).data
    assert logged_at == NOON
    assert refused == EventRefused(
        reason=RefusalReason.BAD_VALUE, field="harm", platform="harbor", topic="measures", partition=3, offset=41
    )


@pytest.mark.parametrize("stamp", [-1, 253_402_300_800_000, 2**63 - 1])
def test_a_record_whose_sender_stamped_it_with_no_instant_is_reported_of_all_the_same(stamp: int) -> None:
    record = InputRecord("report-filed", b"x", None, stamp)

    logged_at = decode_refusal(encode_refusal(Refusal(RefusalReason.FUTURE_TIME, "", ""), record)).logged_at

    assert logged_at == max(0, min(stamp, 253_402_300_799_999))


def test_what_is_no_refusal_is_not_read_as_one() -> None:
    with pytest.raises(ValueError, match="required"):
        decode_refusal(b"{}")
