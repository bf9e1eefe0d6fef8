"""`python -m tests.tools.quiet`: a year without a fault, and how often somebody is told all the same."""

import argparse
import sys
from datetime import UTC, datetime

from dashboards.rules.alert import AlertSeverity, Audience
from tests.tools.quiet.healthy_year import YearResult, healthy_platforms, simulate_year

_ALERT_GROUPS = (
    (AlertSeverity.PAGE, Audience.OPERATOR),
    (AlertSeverity.TICKET, Audience.OPERATOR),
    (AlertSeverity.TICKET, Audience.ANALYST),
    (AlertSeverity.DIGEST, Audience.ANALYST),
)


def _print_result(year: YearResult) -> None:
    print(f"{year.platforms} platforms, {year.weeks} weeks without a fault")  # noqa: T201 - it is what is asked for
    for severity, audience in _ALERT_GROUPS:
        counted = year.episodes_for(severity, audience)
        total = sum(counted.values())
        print(f"{severity} to the {audience}: {total}, {total / year.weeks:.2f} a week")  # noqa: T201
        for name, count in counted.items():
            print(f"  {name} {count}")  # noqa: T201
    for episode in year.episodes:
        began = datetime.fromtimestamp(episode.began, UTC)
        print(f"  {began:%Y-%m-%dT%H:%MZ} {episode.alert} {dict(episode.labels)}", file=sys.stderr)  # noqa: T201


def main() -> int:
    """Return 1 when somebody was paged, or the analyst got more than one ticket a week."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--platforms", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    year = simulate_year(asked.weeks, healthy_platforms(asked.platforms, asked.seed), asked.seed)
    _print_result(year)
    pages = year.episodes_for(AlertSeverity.PAGE, Audience.OPERATOR).total()
    tickets = year.episodes_for(AlertSeverity.TICKET, Audience.ANALYST).total()
    return int(pages > 0 or tickets > asked.weeks)


if __name__ == "__main__":
    sys.exit(main())
