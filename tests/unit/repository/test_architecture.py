import re

import pytest

from tests.support.paths import ROOT

PLACE = re.compile(r"`((?:streams|producers|dashboards|deploy|docs|tests)/[\w./-]+)`")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_every_module_that_a_map_names_is_in_the_tree(page: str) -> None:
    named = set(PLACE.findall((ROOT / page).read_text(encoding="utf-8")))

    assert named
    assert sorted(place for place in named if not (ROOT / place).exists()) == []
