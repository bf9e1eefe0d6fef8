import re

from streams.domain.integrity.checks import CHECK_NAMES, INTEGRITY_CHECKS
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "integrity-checks.md").read_text(encoding="utf-8")


def test_the_page_lists_every_integrity_check_with_its_least_count() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| (\d+) [^|]+\|$", PAGE, re.MULTILINE)

    assert rows[: len(CHECK_NAMES)] == [(check.name, str(check.min_reports)) for check in INTEGRITY_CHECKS]


def test_the_page_says_what_a_tripped_one_means() -> None:
    said = re.findall(r"^- \*\*`(\w+)`\.\*\* (.+?) \*Why\*:.+ \*Honest\*:", PAGE, re.MULTILINE)

    assert said == [(check.name, check.meaning) for check in INTEGRITY_CHECKS]
