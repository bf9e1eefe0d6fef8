"""What is overridden in Faust and read in aiokafka is private: an upgrade that changes it must fail here, loudly."""

import hashlib
import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.subscription_state import TopicPartitionState
from faust import App
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as DriverConsumer


def source_digest(function: Callable[..., Any]) -> str:
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:16]


PINNED_VERSIONS = {
    "faust-streaming": "0.15.3",
    "mode-streaming": "0.7.1",
    "aiokafka": "0.14.0",
}

PRIVATE_PARTS: list[tuple[Callable[..., Any], str]] = [
    (Consumer._drain_messages, "44a2500309e83c63"),
    (Consumer.perform_seek, "0e8c130ff4b0afd8"),
    (Consumer._filter_tps_with_pending_acks, "f6f9239774234e7e"),
    (Consumer._filter_committable_offsets, "dc5e9baf5d994485"),
    (Consumer._should_commit, "5ce941793947ad42"),
    (ThreadDelegateConsumer.__init__, "7072ae80eac1ff62"),
    (DriverConsumer._new_consumer_thread, "0870ec53dea75083"),
    (DriverConsumer._to_message, "7c24f6511b2fcef7"),
    (AIOKafkaConsumerThread.__post_init__, "913dc7c0d9578e2d"),
    (AIOKafkaConsumerThread._create_worker_consumer, "c2701bfc3e6f6cad"),
    (AIOKafkaConsumerThread._fetch_records, "39a2c6c79fc1455a"),
    (TableManager.on_start, "365dd25fbc0e0684"),
    (TableManager._update_channels, "88e3941facc934d6"),
    (Recovery._resume_streams, "d986a6710c1aca98"),
    (App._on_partitions_revoked, "d5c895bbe57dc73a"),
    (App._on_partitions_assigned, "de932b7927db85b3"),
    (App._new_transport, "42db531312dd776f"),
    (App.on_first_start, "ec655d9c223403cc"),
    (App._create_directories, "a9f571c3b04abec3"),
    (Fetcher._get_actions_per_node, "1dab2cf937d165d0"),
    (Fetcher.fetched_records, "be4348896b9b66af"),
    (Fetcher._proc_fetch_request, "59bf948fff47eed5"),
    (Fetcher._update_fetch_positions, "d7774d8241dc6a7e"),
    (AIOKafkaConsumer.start, "2f1ba70443327538"),
    (PartitionRecords.__init__, "8ec1c2ae6ea1af87"),
    (PartitionRecords._contains_abort_marker, "17e9ad2322ef4e0a"),
    (PartitionRecords._unpack_records, "b803e6d46480732c"),
    (PartitionRecords._consumer_record, "e668541600b047ab"),
    (FetchResult.getall, "3e717e30de5068d5"),
    (FetchResult._update_position, "83fb1473bf10027b"),
    (FetchResult.check_assignment, "b5340df67e3f330f"),
    (TopicPartitionState.seek, "c20b56d7ba7b2872"),
]


@pytest.mark.parametrize(("package", "exact"), PINNED_VERSIONS.items())
def test_the_packages_are_the_ones_that_were_read(package: str, exact: str) -> None:
    assert version(package) == exact


@pytest.mark.parametrize(("function", "wanted"), PRIVATE_PARTS, ids=lambda value: getattr(value, "__qualname__", ""))
def test_the_private_code_is_the_one_that_was_read(function: Callable[..., Any], wanted: str) -> None:
    found = source_digest(function)

    assert found == wanted, f"{function.__qualname__} changed: read it again, with docs/adr/0002, then note {found}"
