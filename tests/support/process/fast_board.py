"""A board on the topic that a test's workers write."""

import logging
import os
import sys
from dataclasses import replace

from dashboards.board.process import run_board
from dashboards.board.settings import load_settings
from tests.support.process.fast_worker import output_topics

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    run_board(replace(load_settings(os.environ), measures=output_topics(os.environ["SAFECLOCK_APPLICATION"]).measures))
