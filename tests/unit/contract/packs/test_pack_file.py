from datetime import date
from itertools import count
from pathlib import Path

import pytest

from streams.contract.packs.file import PackError, load_rulebook, parse_pack, read_pack
from streams.contract.packs.rulebook import STANDARD_RULES, Rulebook, RulebookError
from streams.contract.registry.registry import Registry
from streams.domain.clocks.definition import FINAL_RESTRICTION_ACTIONS, AfterReopen
from streams.domain.clocks.standard import STANDARD_CLOCKS
from streams.domain.cohorts.objectives import Period, Statistic
from streams.domain.duration_bins import DAY, FOREVER_MS, HOUR
from streams.domain.events import ActionKind
from streams.domain.vocabulary import Outcome, Severity
from tests.support.paths import CHILDREN_PACK

GROUPS = ("AU", "EU", "IN", "UK", "US", "other", "ZZ")
PACK_HEADER = 'id = "local"\nversion = "1"\n'
CLOCK_TOML = """
[[clocks]]
id = "removal"
version = "1"
title = "Removal within a day"
stops = ["final_restriction"]
limit = "24h"
basis = "An invented rule"
source = "A test"
"""


def parse_local(more: str = "", clock: str = CLOCK_TOML) -> Rulebook:
    return parse_pack(f"{PACK_HEADER}{clock}{more}".encode(), "local.toml", GROUPS)


def pack_problems(more: str = "", clock: str = CLOCK_TOML) -> list[str]:
    with pytest.raises(PackError) as error:
        parse_local(more, clock)
    return list(error.value.problems)


def test_the_childrens_pack_holds_at_least_twelve_clocks_and_nobody_has_reviewed_one() -> None:
    rules = read_pack(CHILDREN_PACK, GROUPS).rules

    assert len(rules) >= 12
    assert not any(rule.legal_basis.is_reviewed for rule in rules)
    assert all(rule.legal_basis.text and rule.legal_basis.source for rule in rules)


def test_every_statistic_and_a_clock_that_only_measures_are_in_the_childrens_pack() -> None:
    rules = read_pack(CHILDREN_PACK, GROUPS).rules

    assert {rule.statistic for rule in rules} == set(Statistic)
    assert [rule.clock.id for rule in rules if rule.clock.limit is None] == ["hotline_takedown"]


def test_a_clock_says_what_it_is() -> None:
    (rule,) = parse_local(
        """
harms = ["grooming"]
severities = ["critical"]
jurisdictions = ["UK"]
trusted_flagger = false
start = ["validated"]
competes = ["no_violation"]
pauses = ["paused"]
resumes = ["resumed"]
items = "first"
after_reopen = "restart"
statistic = "share"
objective = 0.85
period = "month"
in_force_from = 2026-01-02
in_force_until = 2026-02-01
reviewed_by = "Counsel of the test"
reviewed_on = 2026-01-01
"""
    ).rules

    clock = rule.clock
    assert clock.key == "removal@1"
    assert clock.stops == FINAL_RESTRICTION_ACTIONS
    assert clock.starts == {ActionKind(Outcome.VALIDATED)}
    assert (clock.scope.harms, clock.scope.jurisdictions) == (frozenset({"grooming"}), frozenset({"UK"}))
    assert clock.scope.trusted_flagger is False
    assert (clock.all_items, clock.after_reopen, clock.limit) == (False, AfterReopen.RESTART, 24 * HOUR)
    assert clock.validity == ((20_455 * DAY, 20_485 * DAY),)
    assert (rule.statistic, rule.objective, rule.period) == (Statistic.SHARE, 0.85, Period.MONTH)
    assert rule.legal_basis.is_reviewed
    assert rule.legal_basis.reviewed_on == date(2026, 1, 1)
    assert rule.location == "local.toml:5"


def test_a_report_of_unspecified_severity_is_under_the_clocks_of_the_strictest() -> None:
    (critical,), (standard,) = (parse_local(f'severities = ["{word}"]').rules for word in ("critical", "standard"))

    assert critical.clock.scope.severities == {Severity.CRITICAL, Severity.UNSPECIFIED}
    assert standard.clock.scope.severities == {Severity.STANDARD}


def test_a_clock_without_dates_is_always_in_force_and_one_with_a_beginning_has_no_end() -> None:
    (always,), (since,) = parse_local().rules, parse_local("in_force_from = 1970-01-03").rules

    assert always.clock.validity == ((0, FOREVER_MS),)
    assert since.clock.validity == ((2 * DAY, FOREVER_MS),)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('harms = ["terrorism"]', "local.toml:12: clock 'removal': harms: expected a list of distinct words"),
        ('jurisdictions = ["GB"]', "local.toml:12: clock 'removal': jurisdictions: expected a list of distinct groups"),
        ("harms = []", "local.toml:12: clock 'removal': harms: expected a list of distinct words"),
        ("trusted_flagger = 1", "local.toml:12: clock 'removal': trusted_flagger: expected true or false"),
        ("colour = 1", "local.toml:12: clock 'removal': colour: expected one of after_reopen"),
        (
            'start = ["received"]',
            "local.toml:12: clock 'removal': start: expected \"filing\", or a list of distinct words",
        ),
        (
            'competes = ["no_violation", "restricted"]',
            "local.toml:12: clock 'removal': competes: expected none of the stopping actions, got restricted",
        ),
        (
            'start = ["final_restriction"]',
            "local.toml:8: clock 'removal': stops: expected none of the starting actions, got final_restriction",
        ),
        (
            'pauses = ["paused"]\nresumes = ["resumed", "paused"]',
            "local.toml:13: clock 'removal': resumes: expected none of the pausing actions, got paused",
        ),
        (
            'pauses = ["account_restricted"]\nresumes = ["resumed"]',
            "local.toml:12: clock 'removal': pauses: expected none of the stopping actions, got account_restricted",
        ),
        (
            'pauses = ["paused"]',
            "local.toml:12: clock 'removal': pauses: expected both pauses and resumes, or neither, found one of them",
        ),
        ('statistic = "median"', "local.toml:12: clock 'removal': statistic: expected one of each, mean, share"),
        (
            'statistic = "share"',
            "local.toml:4: clock 'removal': objective: expected a number above 0 and below 1, such as 0.85, found nothing",
        ),
        ("objective = 0.9", "local.toml:12: clock 'removal': objective: expected nothing with statistic each, got 0.9"),
        ('period = "week"', "local.toml:12: clock 'removal': period: expected one of month, quarter"),
        ("in_force_from = 2026-01-01T00:00:00Z", "local.toml:12: clock 'removal': in_force_from: expected a day"),
        ('link = "http://elsewhere"', "local.toml:12: clock 'removal': link: expected an https address"),
        (
            'reviewed_by = "Counsel"',
            "local.toml:12: clock 'removal': reviewed_by: expected both reviewed_by and reviewed_on",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_file_line_clock_and_field(more: str, problem: str) -> None:
    assert pack_problems(more)[0].startswith(problem)


@pytest.mark.parametrize(
    "more",
    [
        'statistic = "share"\nobjective = 85',
        'statistic = "median"\nobjective = 0.5',
        'pauses = ["stop"]\nresumes = ["resumed"]',
        'reviewed_by = "Counsel"\nreviewed_on = "today"',
        "harms = {csam = 1}",
    ],
)
def test_one_mistake_is_one_problem(more: str) -> None:
    assert len(pack_problems(more)) == 1


@pytest.mark.parametrize(
    ("more", "got"),
    [
        ("trusted_flagger = 1", "got 1"),
        ("period = true", "got true"),
        ("in_force_from = 2026-01-01T00:00:00Z", "got 2026-01-01T00:00:00+00:00"),
        ("link = {to = 'x'}", "got a table"),
        ('harms = [["csam"]]', "got [a list]"),
        ('harms = ["csam", "csma", "grooming"]', "got 'csma'"),
        ('harms = ["csam", "csam"]', "got ['csam', 'csam']"),
        (f'link = "{"x" * 5_000}"', f"got '{'x' * 79}…"),
    ],
)
def test_a_value_is_reported_as_the_file_has_it_and_cut_short(more: str, got: str) -> None:
    (problem,) = pack_problems(more)

    assert problem.endswith(f", {got}")


def test_a_field_that_is_none_is_compared_with_the_nearest() -> None:
    (problem,) = pack_problems('jurisdiction = ["UK"]')

    assert problem == "local.toml:12: clock 'removal': jurisdiction: expected jurisdictions"


def test_a_word_that_is_none_is_compared_with_the_nearest() -> None:
    (problem,) = pack_problems('harms = ["grooming", "csma"]')

    assert problem == "local.toml:12: clock 'removal': harms: expected csam, got 'csma'"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ('"limit" = 24', 9),
        ("limit.hours = 24", 9),
        ('competes = [\n["no_violation"],\n]\nlimit = 24', 12),
    ],
)
def test_a_field_is_found_however_it_is_written(written: str, line: int) -> None:
    clock = CLOCK_TOML.replace('limit = "24h"', written).replace("[[clocks]]", "[[ clocks ]] # of a test")

    assert pack_problems(clock=clock)[-1].startswith(f"local.toml:{line}: clock 'removal': limit: expected")


@pytest.mark.parametrize("limit", ["25h1m", "2h30m", "401d", "24", "0h", "121m", "90s", "7344s", "337h"])
def test_a_limit_off_the_grid_is_refused(limit: str) -> None:
    (problem,) = pack_problems(clock=CLOCK_TOML.replace("24h", limit))

    assert problem.startswith("local.toml:9: clock 'removal': limit: expected a duration in whole minutes up to 2 h")


@pytest.mark.parametrize(
    ("stops", "more", "problem"),
    [
        ('["deleted"]', "", "local.toml:8: clock 'removal': stops: expected a list of distinct words"),
        ("[]", "", "local.toml:8: clock 'removal': stops: expected a list of distinct words"),
        (
            '["no_violation"]',
            'competes = ["no_violation"]',
            "competes: expected none of the stopping actions, got no_violation",
        ),
    ],
)
def test_a_stop_that_cannot_occur_is_refused(stops: str, more: str, problem: str) -> None:
    assert problem in pack_problems(more, CLOCK_TOML.replace('["final_restriction"]', stops))[0]


def test_what_is_asked_of_durations_needs_a_limit() -> None:
    (problem,) = pack_problems('statistic = "mean"', CLOCK_TOML.replace('limit = "24h"\n', ""))

    assert problem == "local.toml:4: clock 'removal': limit: expected a limit with statistic mean, found nothing"


def test_a_clock_out_of_force_before_it_is_in_force_is_refused() -> None:
    (problem,) = pack_problems("in_force_from = 2026-02-01\nin_force_until = 2026-02-01")

    assert problem.startswith("local.toml:13: clock 'removal': in_force_until: expected a day after 2026-02-01")


@pytest.mark.parametrize(("between", "line"), [(" ", 3), ("\n  ", 3)])
def test_a_clock_that_is_written_inline_is_found_where_the_clocks_are(between: str, line: int) -> None:
    inline = '{id = "removal", version = "1", stops = ["final_restriction"], basis = "x", source = "x", limit = 24}'

    found = pack_problems(clock=f"clocks = [{between}{inline}{between}]\n")

    assert [problem.partition(": expected")[0] for problem in found] == [
        f"local.toml:{line}: clock 'removal': limit",
        f"local.toml:{line}: clock 'removal': title",
    ]


def test_two_clocks_of_one_pack_need_names_of_their_own() -> None:
    (problem,) = pack_problems(clock=CLOCK_TOML + CLOCK_TOML)

    assert problem == "local.toml:14: clock 'removal@1': id: expected one definition, found another at local.toml:5"


def test_every_mistake_is_reported_at_once() -> None:
    assert len(pack_problems('harms = ["x"]\nlink = "y"\ncolour = 1')) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"clocks = [", "local.toml: expected TOML: Invalid value (at end of document)"),
        (PACK_HEADER.encode() + b"clocks = = 1", "local.toml:3: expected TOML: Invalid value (column 10)"),
        (
            PACK_HEADER.encode() + b'title = "J\xfcrgen"',
            "local.toml:3: expected TOML in UTF-8, found a byte that is not UTF-8",
        ),
        (PACK_HEADER.encode("utf-16"), "local.toml:1: expected TOML in UTF-8, found a byte that is not UTF-8"),
        (
            b"id = " + b"[" * 5_000 + b"]" * 5_000,
            "local.toml: expected TOML, found lists or tables that are nested too deeply",
        ),
    ],
)
def test_what_is_not_toml_is_said_to_be_none(text: bytes, problem: str) -> None:
    with pytest.raises(PackError) as error:
        parse_pack(text, "local.toml", GROUPS)

    assert error.value.problems == (problem,)


def test_the_mark_that_some_editors_put_before_a_text_does_no_harm() -> None:
    assert parse_pack(f"\ufeff{PACK_HEADER}{CLOCK_TOML}".encode(), "local.toml", GROUPS) == parse_local()


def test_packs_are_measured_beside_the_standard_clocks() -> None:
    rulebook = load_rulebook([CHILDREN_PACK], Registry.accepting_all(), 0)

    assert rulebook.rules[:3] == STANDARD_RULES.rules
    assert rulebook.name == f"standard@1+children@1#{rulebook.digest}"


def test_every_clock_that_is_in_two_packs_is_refused_with_both_places() -> None:
    ours = CLOCK_TOML.replace("removal", "time_to_action")
    other = parse_pack(f"{PACK_HEADER}{CLOCK_TOML}{ours}".encode(), "other.toml", GROUPS)

    with pytest.raises(RulebookError) as error:
        STANDARD_RULES.merge([parse_local(), other])

    assert str(error.value).splitlines() == [
        "other.toml:5: clock 'removal@1': id: expected one definition, found another at local.toml:5",
        "other.toml:14: clock 'time_to_action@1': id: expected one definition, found another: Safeclock's own",
    ]


def test_two_clocks_whose_marks_are_equal_are_refused_with_the_place_of_the_latter() -> None:
    versions: dict[bytes, str] = {}
    marked = ((str(number), STANDARD_CLOCKS[0]._replace(id="removal", version=str(number)).hash) for number in count())
    former, latter = next(
        (known, version) for version, mark in marked if (known := versions.setdefault(mark, version)) != version
    )
    one, two = (
        parse_pack((PACK_HEADER + CLOCK_TOML.replace('"1"', f'"{version}"') + period).encode(), f"{name}.toml", GROUPS)
        for name, version, period in (
            ("one", former, "in_force_until = 2026-03-01"),
            ("two", latter, "in_force_from = 2026-03-01"),
        )
    )

    with pytest.raises(RulebookError) as error:
        STANDARD_RULES.merge([one, two])

    assert str(error.value) == (
        f"two.toml:5: clock 'removal@{latter}': version: expected a unique hash, "
        f"got that of removal@{former}; give one of them another version"
    )


SECOND_CLOCK_TOML = CLOCK_TOML.replace('version = "1"', 'version = "2"')


def test_two_versions_that_would_run_on_one_report_are_refused_since_it_would_count_twice() -> None:
    ours = SECOND_CLOCK_TOML.replace("removal", "time_to_action")

    with pytest.raises(RulebookError) as error:
        STANDARD_RULES.merge(
            [parse_local(SECOND_CLOCK_TOML), parse_pack(f"{PACK_HEADER}{ours}".encode(), "other.toml", GROUPS)]
        )

    assert [line.partition(" (")[0] for line in str(error.value).splitlines()] == [
        "other.toml:5: clock 'time_to_action@2': version: expected no report on which time_to_action@1 also runs",
        "local.toml:14: clock 'removal@2': version: expected no report on which removal@1 also runs",
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("in_force_until = 2026-03-01", "in_force_from = 2026-03-01"),
        ('harms = ["csam"]', 'harms = ["grooming", "bullying"]'),
        ("trusted_flagger = true", "trusted_flagger = false"),
    ],
)
def test_versions_that_never_run_on_one_report_go_together(first: str, second: str) -> None:
    both = parse_local(clock=f"{CLOCK_TOML}{first}\n{SECOND_CLOCK_TOML}{second}\n")

    assert len(STANDARD_RULES.merge([both]).rules) == len(STANDARD_RULES.rules) + 2


def test_the_mistakes_of_all_packs_are_reported_at_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text(f"{PACK_HEADER}{CLOCK_TOML}colour = 1\n", encoding="utf-8")
    two.write_text(f"{PACK_HEADER}{CLOCK_TOML}link = 'x'\n", encoding="utf-8")

    with pytest.raises(PackError) as error:
        load_rulebook([one, tmp_path / "absent.toml", two, tmp_path], Registry.accepting_all(), 0)

    assert [problem.partition(": expected")[0] for problem in error.value.problems] == [
        f"{one}:12: clock 'removal': colour",
        f"{tmp_path}/absent.toml",
        f"{two}:12: clock 'removal': link",
        f"{tmp_path}",
    ]
    assert error.value.problems[1].endswith("absent.toml: expected a file to read: No such file or directory")


@pytest.mark.parametrize(("hours", "right"), [(9, False), (10, True), (24, True)])
def test_a_review_that_has_not_taken_place_anywhere_is_refused(tmp_path: Path, hours: int, right: bool) -> None:  # noqa: FBT001
    path = tmp_path / "local.toml"
    review = 'reviewed_by = "Counsel of the test"\nreviewed_on = 1970-01-02\n'
    path.write_text(f"{PACK_HEADER}{CLOCK_TOML}{review}", encoding="utf-8")

    if right:
        assert load_rulebook([path], Registry.accepting_all(), hours * HOUR).rules[-1].legal_basis.is_reviewed
    else:
        with pytest.raises(PackError) as error:
            load_rulebook([path], Registry.accepting_all(), hours * HOUR)
        assert error.value.problems == (
            f"{path}:5: clock 'removal@1': reviewed_on: expected a day that is not in the future, got 1970-01-02",
        )


def test_the_name_of_a_rulebook_tells_of_every_change_and_not_of_the_order() -> None:
    second = CLOCK_TOML.replace('"removal"', '"second"')
    first, turned = parse_local(second), parse_local(clock=second + CLOCK_TOML)

    assert first.name == turned.name
    assert first.name != parse_local(second.replace("24h", "48h")).name
    assert first.name != parse_local(second + 'period = "month"\n').name
