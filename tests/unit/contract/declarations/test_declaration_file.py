"""A declaration is read whole, or refused with every mistake, its line and what was expected."""

from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from streams.contract.declarations.collection import read_declarations
from streams.contract.declarations.declaration import GuardTerms
from streams.contract.declarations.file import DeclarationError, read_declaration
from streams.contract.packs.rulebook import STANDARD_RULES
from streams.contract.registry.file import read_registry
from streams.contract.registry.registry import Registry
from streams.domain.clocks.definition import group_by_id
from streams.domain.duration_bins import DAY, HOUR
from streams.domain.verdict.declared_cells import CellName
from tests.support.declarations import DECLARATION, build_declaration, declaration_text, parse_text
from tests.support.paths import DEMO_REGISTRY


def problems_of(text: str, registry: Registry | None = None) -> list[str]:
    with pytest.raises(DeclarationError) as error:
        parse_text(text, registry)
    return list(error.value.problems)


def test_a_declaration_is_read_with_its_windows_cells_guards_and_hash() -> None:
    found = parse_text(DECLARATION)

    assert found.sha256 == sha256(DECLARATION.encode()).hexdigest()
    assert found.name == f"2027-h1#{found.sha256[:12]}"
    assert (found.baseline.first_day, found.baseline.last_day) == (date(2026, 1, 5), date(2026, 7, 5))
    assert (found.current.first_day, found.current.last_day) == (date(2027, 1, 4), date(2027, 7, 4))
    assert found.cells == (CellName("harbor"), CellName("lantern"))
    assert found.horizon == 48 * HOUR
    assert found.guards["reversed"] == GuardTerms("decision_reversed", 28 * DAY, more_is_better=False, margin=0.02)


def test_a_changed_byte_is_another_declaration() -> None:
    assert parse_text(DECLARATION + "# a remark\n").sha256 != parse_text(DECLARATION).sha256


def test_cells_by_harm_are_every_platform_with_every_harm() -> None:
    found = build_declaration(cells='["platform", "harm"]', harms='["grooming", "bullying"]')

    assert [cell.title for cell in found.cells] == [
        "harbor grooming",
        "harbor bullying",
        "lantern grooming",
        "lantern bullying",
    ]


@pytest.mark.parametrize(("weeks", "dates", "level"), [(26, 2, 0.05), (26, 1, 0.10), (13, 2, 0.03), (13, 4, 0.015)])
def test_the_level_is_shared_among_the_dates_of_twelve_months(weeks: int, dates: int, level: float) -> None:
    found = build_declaration(dates_in_twelve_months=str(dates), weeks=str(weeks))

    assert found.level == pytest.approx(level)


def test_a_season_is_excluded_only_by_the_same_weeks() -> None:
    assert build_declaration().excludes_season
    assert not build_declaration(weeks="25").excludes_season
    assert not build_declaration(first="2026-01-19").excludes_season


def test_a_guard_of_a_clock_that_a_decision_starts_is_ripe_thirty_days_later() -> None:
    guards = build_declaration().rule(group_by_id(STANDARD_RULES.clocks)).guards

    assert guards["acted"].ripe_after == DAY
    assert guards["reversed"].ripe_after == 58 * DAY


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (declaration_text(schema='"safeclock.declared/2"'), 'h1.toml:1: schema: expected "safeclock.declared/1", got'),
        (declaration_text(id='"H 1"'), "h1.toml:2: id: expected 1 to 64 of a-z, 0-9 and -, got 'H 1'"),
        (declaration_text(declared="2027-01-04"), "h1.toml:3: declared: expected a day before 2027-01-04"),
        (declaration_text(declared='"soon"'), "h1.toml:3: declared: expected a day such as 2026-12-18"),
        (declaration_text(by='""'), "h1.toml:4: by: expected name and office in one line"),
        (declaration_text(clock='"time_to_decison"'), "h1.toml:6: clock: expected time_to_decision, got"),
        (declaration_text(horizon='"47m30s"'), "h1.toml:7: horizon: expected a duration in whole minutes"),
        (declaration_text(cells='["harm"]'), 'h1.toml:8: cells: expected ["platform"] or ["platform", "harm"]'),
        (declaration_text(platforms='["harbor", "harbor"]'), "h1.toml:9: platforms: expected a list of distinct"),
        (declaration_text(platforms="[]"), "h1.toml:9: platforms: expected a list of distinct platforms, got []"),
        (declaration_text(harms='["grooming"]'), "h1.toml:10: harms: expected an empty list, since cells is"),
        (declaration_text(cells='["platform", "harm"]'), "h1.toml:10: harms: expected at least one harm"),
        (declaration_text(dates_in_twelve_months="0"), "h1.toml:11: dates_in_twelve_months: expected a whole number"),
        (declaration_text(first="2026-01-06"), "h1.toml:13: baseline: first: expected a Monday such as 2026-01-05"),
        (declaration_text(weeks="12"), "h1.toml:14: baseline: weeks: expected a whole number from 13 to 52, got 12"),
        (declaration_text(first="2026-07-13"), "h1.toml:16: current: first: expected a Monday after 2027-01-10"),
        (declaration_text(decide="2027-07-06"), "h1.toml:18: current: decide: expected 2027-07-08 or later"),
        (declaration_text(least="0.1"), "h1.toml:20: margins: least: expected at most half of same, 0.075, got 0.1"),
        (declaration_text(within='"23h"'), "h1.toml:24: guard 'acted': within: expected one day or more, got '23h'"),
        (declaration_text(better='"higher"'), "h1.toml:25: guard 'acted': better: expected more or less, got 'higher'"),
        (declaration_text(margin="5"), "h1.toml:26: guard 'acted': margin: expected a number above 0 and below 1"),
        (DECLARATION + "weight = 2\n", "h1.toml:32: guard 'reversed': weight: expected one of"),
        ("sample = 3\n" + DECLARATION, "h1.toml:1: sample: expected one of"),
        (DECLARATION.replace("[margins]", "[margin]"), "h1.toml:19: margin: expected margins"),
        ("id = \n", "h1.toml:1: expected TOML"),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_what_was_expected(text: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems_of(text)), problems_of(text)


def test_all_mistakes_are_told_at_once() -> None:
    text = declaration_text(id='"H 1"', horizon='"soon"', weeks="2", margin="9", better='"so"')

    assert [problem.split(": ")[0] for problem in problems_of(text)] == [
        f"h1.toml:{line}" for line in (14, 7, 2, 25, 26)
    ]


def test_a_platform_that_the_registry_does_not_name_is_refused() -> None:
    registry = read_registry(DEMO_REGISTRY)

    (problem,) = problems_of(declaration_text(platforms='["harbour", "lantern"]'), registry)

    assert problem == "h1.toml:9: platforms: expected harbor, got 'harbour'"


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="expected a file to read"):
        read_declaration(tmp_path / "none.toml", Registry.accepting_all(), STANDARD_RULES)


def write_files(folder: Path, *texts: str) -> list[Path]:
    files = [folder / f"{number}.toml" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def read_all(files: list[Path]) -> list[str]:
    return [one.id for one in read_declarations(files, Registry.accepting_all(), STANDARD_RULES)]


def test_two_declarations_with_one_id_are_refused(tmp_path: Path) -> None:
    files = write_files(tmp_path, DECLARATION, DECLARATION)

    with pytest.raises(DeclarationError, match=r"1\.toml: id: expected an id that no other declaration has"):
        read_all(files)


def test_a_cell_may_be_decided_as_often_in_twelve_months_as_every_file_says(tmp_path: Path) -> None:
    dates = ("2027-07-08", "2028-01-06", "2028-07-07")
    texts = [declaration_text(id=f'"h{number}"', decide=decide) for number, decide in enumerate(dates)]

    assert read_all(write_files(tmp_path, *texts)) == ["h0", "h1", "h2"]

    once_more = declaration_text(id='"h3"', decide="2027-10-01")
    with pytest.raises(DeclarationError, match=r"0\.toml: cells: expected at most 2 decisions on harbor .* got 3"):
        read_all(write_files(tmp_path, *texts, once_more))
