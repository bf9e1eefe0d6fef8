"""Write the dashboards: `python -m dashboards.grafana [ROOT]`; ROOT is the repository (default: this folder)."""

import sys
from pathlib import Path

from dashboards.grafana.overview import UID
from dashboards.grafana.render import PATHS, overview_json

if __name__ == "__main__":
    Path(*sys.argv[1:2], PATHS[UID]).write_text(overview_json(), encoding="utf-8")
