"""How a worker ends: in words that say what is committed, and what is read again."""

from aiokafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

from streams.contract.packs.rulebook import RulebookError
from streams.edge.shutdown import ProcessExit
from streams.runtime.exit_messages import broker_failure_message, describe_stop, failure_message
from streams.runtime.topic_checks.preflight import PreflightError


def test_a_worker_that_has_committed_everything_ends_with_0() -> None:
    assert (
        describe_stop({0: 0, 1: 0})
        == describe_stop({})
        == ProcessExit(0, "stopped: everything that was applied is committed")
    )


def test_a_worker_that_has_not_says_of_which_partitions_and_why() -> None:
    ending = describe_stop({2: 4, 1: 0, 0: 3}, KafkaTimeoutError())

    assert ending == ProcessExit(
        1,
        "stopped: 7 records of partitions 0, 2 may not be committed (KafkaTimeoutError); the next start reads the"
        " uncommitted ones again",
    )


def test_a_failure_of_the_broker_is_found_among_the_causes_of_another() -> None:
    crashed = RuntimeError("the Faust app crashed")
    crashed.__cause__ = UnknownTopicOrPartitionError()

    said = broker_failure_message(crashed)

    assert said is not None
    assert said.startswith("the broker: UnknownTopicOrPartitionError: ")
    assert broker_failure_message(RuntimeError("a bug")) is None


def test_an_expected_error_is_reported_with_advice_and_a_bug_is_not() -> None:
    missing, rulebook = PreflightError("measures: missing"), RulebookError("lawful.toml: expected a name")

    assert failure_message(missing) == (
        "measures: missing. `safeclock admin plan` shows the expected topics, and `safeclock admin apply` creates them"
    )
    assert failure_message(rulebook) == "lawful.toml: expected a name"
    assert failure_message(RuntimeError("a bug")) is None
