# ruff: noqa: INP001 - as runtime_lock.py beside it
"""The software bill of materials of the image, from the lock file: `python -m deploy.sbom [ROOT]` writes it.

CycloneDX 1.6 in JSON. Versions and who asked for whom are the lock's, so it is the same on every machine; the hashes
stay in the lock, where each package has those of all its wheels.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from deploy.runtime_lock import blocks, runtime

PATH = "deploy/sbom.cdx.json"
_HERE = Path(__file__).parents[1]
_PROJECT = "safeclock (pyproject.toml)"
_PINNED = re.compile(r"[A-Za-z0-9._-]+==([^\s;]+) *(?:; *([^\\\n]*[^\\\s]))?")


def document(lock: str, version: str) -> dict[str, Any]:
    """Return the bill of the packages that a running Safeclock of `version` needs."""
    needed = blocks(runtime(lock))
    own = {"type": "application", "bom-ref": "safeclock", "name": "safeclock", "version": version}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own},
        "components": [_component(name, block) for name, (block, _) in needed.items()],
        "dependencies": [
            {"ref": ref, "dependsOn": [name for name, (_, asked) in needed.items() if who in asked]}
            for ref, who in [("safeclock", _PROJECT), *((name, name) for name in needed)]
        ],
    }


def _component(name: str, block: str) -> dict[str, Any]:
    pinned = _PINNED.match(block)
    if pinned is None:
        raise ValueError(f"expected one version of {name} in the lock file, found {block.splitlines()[0]}")
    version, marker = pinned.groups()
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": name,
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
    }
    if marker:
        component["properties"] = [{"name": "safeclock:where", "value": marker}]
    return component


def render() -> str:
    """Return the bill of what the lock file of this project names."""
    version = tomllib.loads((_HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return json.dumps(document((_HERE / "requirements.lock").read_text(encoding="utf-8"), version), indent=2) + "\n"


if __name__ == "__main__":
    Path(*sys.argv[1:2], PATH).write_text(render(), encoding="utf-8")
