"""Renders dashboards as JSON for Grafana; equal dashboards give equal bytes."""

import json
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.grafana.overview import UID, overview_dashboard

PATHS: Final = {UID: f"deploy/grafana/dashboards/{UID}.json"}


def overview_json() -> str:
    """Return the overview dashboard as JSON, with a final newline."""
    built = json.loads(JSONEncoder().encode(overview_dashboard()))
    return json.dumps(built, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
