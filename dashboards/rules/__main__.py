"""Write the rule file: `python -m dashboards.rules [ROOT]`, ROOT being the repository (default: here)."""

import sys
from pathlib import Path

from dashboards.rules.render import PATH, rules_yaml

if __name__ == "__main__":
    Path(*sys.argv[1:2], PATH).write_text(rules_yaml(), encoding="utf-8")
