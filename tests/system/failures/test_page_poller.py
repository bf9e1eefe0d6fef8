"""What watches chains that fail: it must see what it is there for, on processes that do it on purpose."""

import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

from tests.support.failures.page_poller import PagePoller, counters_of, decreased_counters
from tests.support.process.running_process import SafeclockProcess
from tests.support.waiting import wait_until

PAGE = """\
# HELP acted_total How often.
# TYPE acted_total counter
acted_total{platform="harbor"} 3.0
acted_total{platform="a b"} 1.0
# TYPE waited gauge
waited 4.0
# TYPE took_seconds histogram
took_seconds_bucket{le="+Inf"} 2.0
took_seconds_sum 9.5
"""

PAGE_PROGRAM = dedent("""
    import os, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer

    values = iter(sys.argv[1].split())

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            value = next(values, None)
            if value is None:
                os._exit(0)
            self.send_response(200)
            self.end_headers()
            if value != "nothing":
                self.wfile.write(f"# TYPE acted_total counter\\nacted_total {value}\\n".encode())

    HTTPServer(("127.0.0.1", int(os.environ["SAFECLOCK_HTTP_PORT"])), Page).serve_forever()
""")
"""A process whose counter has one given value after the other, and which then ends."""


@dataclass
class FakeChain:
    """What a poller follows: processes that are all of one kind."""

    boards: bool
    processes: list[SafeclockProcess] = field(default_factory=list)

    def is_board(self, part: SafeclockProcess) -> bool:
        """Whether a process is a board."""
        return self.boards and part in self.processes


def poll_faults(folder: Path, *lives: str, boards: bool) -> list[str]:
    """Return what a poller finds wrong with processes, each of which is started when the former one has ended."""
    processes = FakeChain(boards)
    poller = PagePoller(processes)
    with suppress(AssertionError), poller:
        for place, values in enumerate(lives):
            part = SafeclockProcess((sys.executable, "-c", PAGE_PROGRAM, values), {}, folder / f"{place}.log")
            processes.processes.append(part)
            wait_until(lambda one=part: one.exit_code is not None, "the process to end")  # type: ignore[misc]
    assert poller.pages == sum(value != "nothing" for values in lives for value in values.split())
    return poller.faults


def test_a_poller_passes_counters_that_rise_or_stay(tmp_path: Path) -> None:
    assert poll_faults(tmp_path, "0 1 1 5", "5 5 6", boards=True) == []


def test_a_poller_sees_a_counter_fall_within_a_life(tmp_path: Path) -> None:
    assert poll_faults(tmp_path, "0 3 2 4", boards=False) == ["0.log: acted_total: 2.0 after 3.0"]


def test_a_poller_lets_a_new_worker_begin_again_and_no_new_board(tmp_path: Path) -> None:
    assert poll_faults(tmp_path, "0 3", "0 1", boards=False) == []
    assert poll_faults(tmp_path, "0 3", "0 3", boards=True) == ["1.log: acted_total: 0.0 after 3.0"]


def test_a_poller_sees_a_board_take_its_counters_away(tmp_path: Path) -> None:
    assert poll_faults(tmp_path, "nothing 1 nothing 2", boards=True) == ["0.log: acted_total: gone after 1.0"]


def test_counters_of_a_page_are_its_counters_and_the_parts_of_its_histograms() -> None:
    assert counters_of(PAGE) == {
        'acted_total{platform="harbor"}': 3.0,
        'acted_total{platform="a b"}': 1.0,
        'took_seconds_bucket{le="+Inf"}': 2.0,
        "took_seconds_sum": 9.5,
    }


def test_what_has_fallen_and_what_is_gone_is_named() -> None:
    assert decreased_counters({"a": 2, "b": 1, "c": 0}, {"a": 1, "b": 1}) == ["a: 1 after 2", "c: gone after 0"]
