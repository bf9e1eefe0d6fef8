"""Where the files of the repository are."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
REGISTRY = ROOT / "deploy/registry/demo.toml"
CHILDREN = ROOT / "deploy/packs/children.toml"
PAUSING = ROOT / "tests/support/events/pausing.toml"
