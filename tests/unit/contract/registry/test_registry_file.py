import pytest

from streams.contract.registry.file import RegistryError, parse_registry, read_registry
from streams.contract.registry.jurisdictions import COUNTRIES, DEFAULT_GROUPS, group_names
from streams.contract.registry.registry import Registry, Role
from tests.support.paths import DEMO_REGISTRY

DEMO = DEMO_REGISTRY
HARBOR_TOML = b"""
[[platforms]]
id = "harbor"
provider = "Breakwater Social Ltd"
"""
MEADOW_TOML = b"""
[[platforms]]
id = "meadow"
provider = "Tall Grass Networks"
"""
MINUTE = 60_000


def registry_problems(text: bytes) -> list[str]:
    with pytest.raises(RegistryError) as error:
        parse_registry(text, "platforms.toml")
    return list(error.value.problems)


def test_the_demo_has_eight_platforms_on_one_pair_of_topics() -> None:
    registry = read_registry(DEMO)

    cadences = {platform.id: platform.cadence_ms for platform in registry.platforms.values()}

    assert len(cadences) == 8
    assert {name for name, cadence in cadences.items() if cadence != 5 * MINUTE} == {"quartz"}
    assert cadences["quartz"] == 24 * 60 * MINUTE
    assert registry.source_topics() == ("action-taken", "report-filed")
    assert registry.partitions == 8
    assert registry.platform_of_topic("report-filed") is None


def test_a_platform_has_topics_of_its_own_unless_it_names_others() -> None:
    registry = parse_registry(HARBOR_TOML + MEADOW_TOML, "platforms.toml")

    assert registry.platform_of_topic("action-taken.meadow") == "meadow"
    assert registry.role_of_topic("action-taken.meadow") is Role.ACTION_TAKEN
    assert registry.role_of_topic("elsewhere") is None
    assert len(registry.source_topics()) == 4


def test_everything_that_is_wrong_is_reported_at_once_with_where_and_what_was_expected() -> None:
    found = registry_problems(
        b"""
        partitions = 0
        colour = "blue"
        [groups]
        EU = ["UK"]
        ZZ = ["DE"]
        [[platforms]]
        id = "Harbor!"
        cadence = 5
        capacity = 100
        measured_from = 2026-01-01
        [[platforms]]
        id = "meadow"
        provider = " "
        topic = "x"
        jurisdictions = ["Europe"]
        """
    )

    starts = [problem.split(": expected")[0] for problem in found]
    assert sorted(starts) == sorted(
        [
            "platforms.toml:2: partitions",
            "platforms.toml:3: colour",
            "platforms.toml:5: groups: EU",
            "platforms.toml:4: groups",
            "platforms.toml:8: platform 'Harbor!': id",
            "platforms.toml:7: platform 'Harbor!': provider",
            "platforms.toml:9: platform 'Harbor!': cadence",
            "platforms.toml:10: platform 'Harbor!': capacity",
            "platforms.toml:11: platform 'Harbor!': measured_from",
            "platforms.toml:14: platform 'meadow': provider",
            "platforms.toml:15: platform 'meadow': topic",
            "platforms.toml:16: platform 'meadow': jurisdictions",
        ]
    )
    assert all(": expected " in problem for problem in found)


@pytest.mark.parametrize("text", [b"", b"platforms = []", b"platforms = 5", b"[platforms]\nid = 'a'"])
def test_a_registry_without_platforms_is_refused(text: bytes) -> None:
    assert any("platforms: expected at least one" in problem for problem in registry_problems(text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"platforms = [", "platforms.toml: expected TOML: Invalid value (at end of document)"),
        (
            HARBOR_TOML.replace(b"Ltd", b"\xff"),
            "platforms.toml:4: expected TOML in UTF-8, found a byte that is not UTF-8",
        ),
    ],
)
def test_what_is_not_toml_is_said_to_be_none(text: bytes, problem: str) -> None:
    assert registry_problems(text) == [problem]


def test_two_platforms_cannot_share_an_id_nor_reports_and_actions_a_topic() -> None:
    found = registry_problems(
        HARBOR_TOML + HARBOR_TOML + MEADOW_TOML + b'report_filed = "both"\naction_taken = "both"\n'
    )

    assert [problem.split(": expected")[0] for problem in found] == [
        "platforms.toml: platform 'harbor': id",
        "platforms.toml: topic 'both'",
    ]


def test_the_hash_is_of_what_is_said_not_of_how() -> None:
    first = parse_registry(HARBOR_TOML + MEADOW_TOML, "a.toml")
    second = parse_registry(b"partitions = 8\n" + MEADOW_TOML + HARBOR_TOML + b'cadence = "300s"\n', "b.toml")
    third = parse_registry(HARBOR_TOML + MEADOW_TOML + b'cadence = "1h"\n', "c.toml")

    assert first.hash == second.hash
    assert first.hash != third.hash


def test_an_open_registry_knows_everybody_on_the_shared_pair() -> None:
    registry = Registry.accepting_all()

    platform = registry.platform("anyone")

    assert platform is not None
    assert platform.cadence_ms == 5 * MINUTE
    assert registry.platform("Any|one") is None
    assert registry.source_topics() == ("action-taken", "report-filed")


@pytest.mark.parametrize(
    ("codes", "groups"),
    [
        (["DE"], "EU"),
        (["GB", "FR", "DE"], "EU+UK"),
        (["BR", "JP"], "other"),
        (["ZZ"], "ZZ"),
        (["US", "ZZ", "CH", "AU"], "AU+US+ZZ+other"),
    ],
)
def test_a_country_in_no_group_is_other_and_the_unknown_stays_unknown(codes: list[str], groups: str) -> None:
    assert group_names(codes, DEFAULT_GROUPS) == groups


def test_the_union_has_twenty_seven_members_all_assigned() -> None:
    assert len(DEFAULT_GROUPS["EU"]) == 27
    assert set().union(*DEFAULT_GROUPS.values()) < COUNTRIES
    assert len(COUNTRIES) == 249


def test_siblings_are_the_topics_of_one_platform_and_of_those_that_share_one_with_it() -> None:
    shared = b'report_filed = "report-filed.both"\n'
    alone = b'[[platforms]]\nid = "pebble"\nprovider = "Round Stone Ltd"\n'

    siblings = parse_registry(HARBOR_TOML + shared + MEADOW_TOML + shared + alone, "platforms.toml").related_topics()

    both = frozenset({"report-filed.both", "action-taken.harbor", "action-taken.meadow"})
    own = frozenset({"report-filed.pebble", "action-taken.pebble"})
    assert siblings == dict.fromkeys(both, both) | dict.fromkeys(own, own)


def test_on_the_shared_topics_everybody_waits_for_everybody() -> None:
    both = frozenset({"report-filed", "action-taken"})

    assert (
        Registry.accepting_all().related_topics() == read_registry(DEMO).related_topics() == dict.fromkeys(both, both)
    )


HISTORY_SPAN_TOML = b"""
[[platforms.history]]
from = 2025-01-01
until = 2026-01-01
opened_on = 2026-11-01
opened_by = "audit"
"""


def test_a_span_of_history_is_read_with_who_opened_it_and_when() -> None:
    registry = parse_registry(
        HARBOR_TOML + HISTORY_SPAN_TOML + b"closes_on = 2026-12-01T06:00:00+01:00\n" + MEADOW_TOML, "platforms.toml"
    )

    (span,) = registry.platforms["harbor"].history
    assert (span.since, span.until, span.opened_on) == (1_735_689_600_000, 1_767_225_600_000, 1_793_491_200_000)
    assert (span.opened_by, span.closes_on) == ("audit", 1_796_101_200_000)
    assert registry.platforms["meadow"].history == ()
    assert registry.hash != parse_registry(HARBOR_TOML + MEADOW_TOML, "platforms.toml").hash


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        (b"from = 2025-01-01", b"since = 2025-01-01", "platforms.toml:6: platform 'meadow': history: since: expected"),
        (b"until = 2026-01-01", b"until = 1", "platforms.toml:7: platform 'meadow': history: until: expected a date"),
        (b"until = 2026-01-01", b"until = 2025-01-01", "7: platform 'meadow': history: until: expected a date after"),
        (b"until = 2026-01-01", b"until = 2026-11-02", "history: until: expected a date not after `opened_on`"),
        (b'"audit"', b'""', "platforms.toml:9: platform 'meadow': history: opened_by: expected the office"),
        (b'opened_by = "audit"', b"", "history: opened_by: expected the office that opened the history"),
        (b'"audit"', b'"audit"\ncloses_on = 2026-11-01', "history: closes_on: expected a date after `opened_on`"),
        (b'opened_by = "audit"\n', HISTORY_SPAN_TOML[1:].partition(b"from")[0] + b"\n", "from: expected a date"),
    ],
)
def test_a_span_that_is_wrong_is_reported_with_where_and_what_was_expected(
    was: bytes, becomes: bytes, problem: str
) -> None:
    found = registry_problems(
        MEADOW_TOML[1:] + HISTORY_SPAN_TOML.replace(was, becomes) + HARBOR_TOML + HISTORY_SPAN_TOML
    )

    assert any(problem in each for each in found), found


def test_spans_of_one_platform_do_not_overlap() -> None:
    again = HISTORY_SPAN_TOML.replace(b"2025-01-01", b"2025-12-31").replace(
        b"until = 2026-01-01", b"until = 2026-06-01"
    )

    (problem,) = registry_problems(HARBOR_TOML + again + HISTORY_SPAN_TOML)

    assert "platform 'harbor': history: expected spans that do not overlap" in problem


def test_a_platform_with_topics_of_its_own_has_one_for_what_became_of_its_events() -> None:
    shared = parse_registry(HARBOR_TOML + MEADOW_TOML + b'report_filed = "report-filed.harbor"\n', "platforms.toml")

    assert parse_registry(HARBOR_TOML + MEADOW_TOML, "platforms.toml").feedback_topics() == {
        "harbor": "feedback.harbor",
        "meadow": "feedback.meadow",
    }
    assert shared.feedback_topics() == {}
    assert (
        "topic 'feedback.harbor': expected only the feedback of one platform"
        in registry_problems(HARBOR_TOML + MEADOW_TOML + b'feedback = "feedback.harbor"\n')[0]
    )
