"""Let workers, a board and brokers fail at random: `python -m tests.tools.chaos [--minutes 5] [--seed 7]`.

1 when a count differs or a counter fell.
"""

import argparse
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from streams.contract.topics import Replication
from streams.edge.clock import wall_clock_ms
from tests.support.broker.cluster import running_cluster
from tests.support.broker.jars import BrokerUnavailableError
from tests.support.failures.failing_chain import FailingChain
from tests.support.failures.fault_tally import FaultTally, tally_table
from tests.tools.chaos.chaos import run_chaos

PARTITIONS = 4


def main() -> int:
    """Run three brokers and two workers, let them fail, and tell what happens."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=7, help="the same seed brings the same faults in the same order")
    given = parser.parse_args()
    began = wall_clock_ms()

    def say(what: str) -> None:
        minutes, seconds = divmod((wall_clock_ms() - began) // 1000, 60)
        sys.stdout.write(f"{minutes:02}:{seconds:02}  {what}\n")
        sys.stdout.flush()

    try:
        with running_cluster() as cluster, tempfile.TemporaryDirectory(prefix="safeclock-chaos-") as folder:
            say(f"three brokers at {cluster.bootstrap}, seed {given.seed}, {given.minutes:g} minutes")
            with closing(FailingChain(cluster.bootstrap, Path(folder), PARTITIONS)) as chain:
                chain.tally, chain.copies = FaultTally("chaos"), Replication(factor=3, min_insync=2)
                chain.create_topics()
                try:
                    run_chaos(chain, cluster, given.minutes * 60, given.seed, say)
                finally:
                    sys.stdout.writelines(f"{line}\n" for line in tally_table([chain.tally]))
    except BrokerUnavailableError as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    except AssertionError as difference:
        say(f"DIFFERENCE (seed {given.seed}): {difference}")
        return 1
    return 0


sys.exit(main())
