"""The public library: what a program imports from `safeclock`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import safeclock
from safeclock import main
from tests.support.paths import CHILDREN_PACK, DEMO_REGISTRY, ROOT

PACK = CHILDREN_PACK
HEAVY = ("aiokafka", "faust", "kafka", "msgspec", "prometheus_client")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("library") / "events.jsonl"
    file.write_bytes(CliRunner().invoke(main, ["simulate", "--reports", "300"]).stdout_bytes)
    return file


@pytest.mark.parametrize("name", sorted(set(safeclock.__all__) - {"main"}))
def test_every_name_of_the_library_can_be_imported(name: str) -> None:
    assert getattr(safeclock, name).__name__ == name


def test_a_name_that_the_library_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Worker'"):
        _ = safeclock.Worker


def test_to_import_the_library_imports_no_kafka_client() -> None:
    program = f"import safeclock, sys; print([name for name in {HEAVY} if name in sys.modules])"

    printed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert printed.stdout == "[]\n"


def test_measure_returns_what_the_command_prints(events: Path) -> None:
    given = ["--by", "platform,harm", "--pack", str(PACK), "--registry", str(DEMO_REGISTRY), "--format", "json"]
    printed = CliRunner().invoke(main, ["measure", str(events), *given])

    registry = safeclock.read_registry(DEMO_REGISTRY)
    measured = safeclock.measure([events], registry, by=("platform", "harm"), packs=[PACK])

    assert measured == json.loads(printed.stdout)


def test_check_returns_what_the_command_prints(events: Path) -> None:
    printed = CliRunner().invoke(main, ["check", str(events), "--format", "json"])

    assert json.loads(json.dumps(safeclock.check([events]))) == json.loads(printed.stdout)
