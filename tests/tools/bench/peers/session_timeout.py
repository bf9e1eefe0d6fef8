"""How long a consumer group waits for a member that was killed: the same for everybody who joins one.

Each has another default (Kafka Streams and Quix Streams 45 s, Faust 60 s); with their own, the time to recover would be
that of a setting. Ten seconds is what Safeclock's worker is set to.
"""

from typing import Final

SESSION_SECONDS: Final = 10.0
