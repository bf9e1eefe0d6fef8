"""Where the files of the repository are."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DEMO_REGISTRY = ROOT / "deploy/registry/demo.toml"
CHILDREN_PACK = ROOT / "deploy/packs/children.toml"
QUALITY_PACK = ROOT / "deploy/packs/quality.toml"
PAUSING_PACK = ROOT / "tests/support/events/pausing.toml"
