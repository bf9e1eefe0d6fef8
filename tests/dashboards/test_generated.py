from pathlib import Path

from dashboards.metrics_page import PATH as METRICS_PATH
from dashboards.metrics_page import page
from dashboards.rules.render import PATH as RULES_PATH
from dashboards.rules.render import rules_yaml

ROOT = Path(__file__).parents[2]


def test_the_table_of_metrics_is_current() -> None:
    assert (ROOT / METRICS_PATH).read_text(encoding="utf-8") == page(), "run: python -m dashboards.metrics_page"


def test_the_rule_file_is_current() -> None:
    assert (ROOT / RULES_PATH).read_text(encoding="utf-8") == rules_yaml(), "run: python -m dashboards.rules"
