"""What we take from others is known, pinned and licensed; the bill of it is current and in its format."""

import json
from email.message import Message
from importlib.metadata import PackageMetadata
from typing import cast

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy import sbom
from tests.tools.supply import LOCK, disallowed_licences, licences_of, supply_problems, unpinned_requirements

VALID_LOCK = "one==1.0 \\\n    --hash=sha256:00\n    # via another\n"


def test_nothing_that_we_take_is_unpinned_or_under_a_licence_that_nobody_looked_at() -> None:
    assert supply_problems(LOCK.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("bad", ["two>=1", "two==1.0", "two==1.*  \\\n    --hash=sha256:00", "two @ https://x/y.whl"])
def test_a_requirement_without_version_or_hash_is_reported(bad: str) -> None:
    assert list(unpinned_requirements(f"{VALID_LOCK}{bad}\n{VALID_LOCK}")) == [
        "two: expected one version with its hashes in requirements.lock"
    ]


def package_metadata(**fields: str) -> PackageMetadata:
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return cast("PackageMetadata", message)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"License_Expression": "(MIT OR Apache-2.0) AND GPL-3.0-only"}, {"MIT", "Apache-2.0", "GPL-3.0-only"}),
        ({"Classifier": "License :: OSI Approved :: MIT License", "License": "long text"}, {"MIT License"}),
        ({"Classifier": "License :: Other/Proprietary License"}, {"Other/Proprietary License"}),
        ({"License": "Beerware"}, {"Beerware"}),
        ({}, {"none"}),
    ],
)
def test_a_licence_is_read_where_packages_name_it(fields: dict[str, str], found: set[str]) -> None:
    assert licences_of(package_metadata(**fields)) == found


def test_a_package_under_another_licence_is_reported() -> None:
    assert list(disallowed_licences(iter(["hypothesis", "click", "not-installed-anywhere"]))) == [
        "hypothesis: expected a licence that tests/tools/supply.py allows, found MPL-2.0"
    ]


def test_the_bill_of_materials_is_in_its_format_and_names_what_runs() -> None:
    text = sbom.render()

    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    bill = json.loads(text)
    named = {component["name"] for component in bill["components"]}
    depends = {each["ref"]: set(each["dependsOn"]) for each in bill["dependencies"]}

    assert wrong is None
    assert {"faust-streaming", "aiokafka", "aiohttp", "msgspec"} <= named
    assert not {"pytest", "cryptography", "pip-audit"} & named
    assert {"faust-streaming", "msgspec"} <= depends["safeclock"]
    assert set.union(*depends.values()) == named, "everything is there because something asked for it"
