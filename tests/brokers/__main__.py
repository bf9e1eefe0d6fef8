"""Run Apache Kafka in the foreground: `python -m tests.brokers`."""

import sys

from tests.brokers.apache import main

sys.exit(main())
