"""Every generated file, written anew or compared: `python -m tests.tools.generated [--write]`."""

import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import copytree
from typing import Final

from tests.support.paths import ROOT

WRITERS: Final = (
    "dashboards.metrics_page",
    "dashboards.grafana",
    "dashboards.rules",
    "deploy.sbom",
    "streams.contract.export.schemas",
)
_FOLDERS: Final = ("docs", "deploy")


def write_all(root: Path) -> None:
    """Let every writer write below `root`."""
    for writer in WRITERS:
        subprocess.run([sys.executable, "-m", writer, str(root)], cwd=ROOT, check=True)


def stale_files() -> list[str]:
    """Return the committed files that differ from what their writers write today."""
    with tempfile.TemporaryDirectory() as scratch:
        for folder in _FOLDERS:
            copytree(ROOT / folder, Path(scratch, folder))
        write_all(Path(scratch))
        made = (path for path in Path(scratch).rglob("*") if path.is_file())
        return sorted(
            str(path.relative_to(scratch)) for path in made if not _is_equal(path, ROOT / path.relative_to(scratch))
        )


def _is_equal(made: Path, committed: Path) -> bool:
    return committed.is_file() and made.read_bytes() == committed.read_bytes()


if __name__ == "__main__":
    if "--write" in sys.argv:
        write_all(ROOT)
    elif found := stale_files():
        sys.exit(f"expected generated files to be current, but {', '.join(found)} differ; run: make generate")
