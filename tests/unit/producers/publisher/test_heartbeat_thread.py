"""Heartbeats by themselves: one that fails is told, and is not the last."""

from queue import Queue

from producers.publisher.delivery.heartbeat_thread import HeartbeatThread

PATIENCE_S = 60.0


def test_a_heartbeat_that_fails_is_reported_once_and_the_next_one_is_tried() -> None:
    tried: Queue[int] = Queue()

    def outbox_is_empty_up_to() -> int:
        tried.put(1)
        raise ConnectionError("the platform's own database")

    cadence = HeartbeatThread(outbox_is_empty_up_to, every_ms=1)
    try:
        twice = tried.get(timeout=PATIENCE_S) + tried.get(timeout=PATIENCE_S)
    finally:
        cadence.stop()

    assert twice == 2
    assert isinstance(cadence.pop_failure(), ConnectionError)
    assert cadence.pop_failure() is None
