"""AsyncAPI's own parser reads the generated document."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from streams.contract.export.schemas import generated_files
from tests.support.paths import ROOT

GENERATED = generated_files()


ASYNCAPI = ROOT / "tests/system/monitoring/asyncapi"


CACHE = ROOT / ".cache" / "asyncapi"


@pytest.fixture(scope="module")
def parser_folder() -> Path:
    """The folder with AsyncAPI's own parser, installed on first use."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("AsyncAPI's own parser needs node and npm, which are not here")
    if not (CACHE / "node_modules" / "@asyncapi" / "parser").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        shutil.copy(ASYNCAPI / "package.json", CACHE)
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(CACHE)]
        installed = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if installed.returncode:
            pytest.skip("AsyncAPI's own parser could not be installed")
    return CACHE


def test_asyncapis_own_parser_finds_no_error(parser_folder: Path) -> None:
    document = ROOT / "docs" / "schemas" / "asyncapi.json"

    checked = subprocess.run(
        ["node", str(ASYNCAPI / "check.mjs"), str(parser_folder), str(document)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "error" not in checked.stdout
    assert "channels 5" in checked.stdout


def test_asyncapis_own_parser_finds_what_is_wrong(parser_folder: Path, tmp_path: Path) -> None:
    tree = json.loads(GENERATED["asyncapi.json"])
    tree["operations"]["receiveReports"]["action"] = "listen"
    spoilt = tmp_path / "asyncapi.json"
    spoilt.write_text(json.dumps(tree), encoding="utf-8")

    checked = subprocess.run(
        ["node", str(ASYNCAPI / "check.mjs"), str(parser_folder), str(spoilt)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert checked.returncode != 0
