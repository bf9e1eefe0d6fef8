"""Write rules, inhibitions and runbook: `python -m dashboards.rules [ROOT]`; ROOT is the repository (default: here)."""

import sys
from pathlib import Path

from dashboards.rules import inhibitions, render, runbook


def write(root: Path) -> None:
    """Write the rule file, the runbook, and the generated section of Alertmanager's configuration."""
    (root / render.PATH).write_text(render.rules_yaml(), encoding="utf-8")
    (root / runbook.PATH).write_text(runbook.runbook_page(), encoding="utf-8")
    alertmanager = root / inhibitions.PATH
    written = inhibitions.with_inhibitions(alertmanager.read_text(encoding="utf-8"))
    alertmanager.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    write(Path(*sys.argv[1:2]))
