import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.admin.provisioning.desired_state import (
    DesiredState,
    Grant,
    PasswordSources,
    Principals,
    desired_state,
    user_name,
)
from streams.admin.provisioning.plan import Allow, ExistingState, ExistingTopic, Revoke, SetSetting, plan_changes
from streams.admin.provisioning.plan_output import plan_document, plan_lines, summary_line
from streams.contract.registry.registry import Platform, Registry
from streams.contract.topics import MEASURES, Replication, required_topics
from tests.unit.admin.provisioning.broker_model import apply_plan

APPLICATION = "safeclock"


def registry(*principals: str, shared: bool = False) -> Registry:
    platforms = {}
    for number, principal in enumerate(principals):
        name = f"p{number}"
        topics = ("report-filed", "action-taken") if shared else (f"report-filed.{name}", f"action-taken.{name}")
        platforms[name] = Platform(
            id=name, provider="Invented Ltd", report_filed=topics[0], action_taken=topics[1], principal=principal
        )
    return Registry(platforms, partitions=2)


def desired_state_of(
    made: Registry,
    passwords: PasswordSources | None = None,
    parties: Principals = Principals(),  # noqa: B008
) -> DesiredState:
    topics = required_topics(made, APPLICATION, Replication(factor=1, min_insync=1))
    return desired_state(made, APPLICATION, topics, parties, passwords)


def broker_state_of(one: DesiredState) -> ExistingState:
    """Return a broker that has everything."""
    topics = {
        topic.name: ExistingTopic(topic.partitions, topic.replication_factor, topic.config) for topic in one.topics
    }
    return ExistingState(topics=topics, grants=one.grants, users=one.users)


def broker_with_topic(found: ExistingState, name: str, topic: ExistingTopic) -> ExistingState:
    topics: Mapping[str, ExistingTopic] = {**found.topics, name: topic}
    return ExistingState(topics=topics, grants=found.grants, users=found.users)


HARBOR = desired_state_of(registry("User:harbor"))

principals = st.sampled_from(["", "User:harbor", "User:lantern", "User:CN=cobalt", "User:meadow", "no-principal"])
registries = st.builds(lambda names, shared: registry(*names, shared=shared), st.lists(principals), st.booleans())
somebody = st.sampled_from(["User:harbor", "User:lantern", "User:safeclock-worker", "User:*", "User:stranger"])
names = st.sampled_from(["*", "report-filed", "report-filed.p0", "action-taken.p1", "measures", "safeclock", "else"])
grants = st.builds(
    Grant,
    somebody,
    st.sampled_from(["TOPIC", "GROUP", "TRANSACTIONAL_ID"]),
    names,
    st.sampled_from(["READ", "WRITE", "ALL"]),
    st.booleans(),
    st.sampled_from(["*", "10.0.0.1"]),
)
users = st.frozensets(st.sampled_from(["harbor", "lantern", "safeclock-worker", "stranger"]))
passwords = st.none() | st.builds(PasswordSources, users)


@st.composite
def desired_states(draw: st.DrawFn) -> DesiredState:
    return desired_state_of(draw(registries), draw(passwords))


@st.composite
def brokers(draw: st.DrawFn, one: DesiredState) -> ExistingState:
    """Draw a broker that has some of it, some of it differently, and things of others."""
    topics = {}
    for topic in draw(st.lists(st.sampled_from(one.topics), unique_by=lambda each: each.name)):
        settings = draw(
            st.fixed_dictionaries(
                {}, optional={name: st.sampled_from([value, "1"]) for name, value in topic.config.items()}
            )
        )
        topics[topic.name] = ExistingTopic(draw(st.sampled_from([2, 2, 2, 3])), draw(st.integers(1, 3)), settings)
    given = draw(st.frozensets(st.one_of(grants, st.sampled_from(sorted(one.grants)))))
    return ExistingState(topics=topics, grants=draw(st.none() | st.just(given)), users=draw(st.none() | users))


@given(st.data())
def test_once_a_plan_is_applied_there_is_nothing_to_change(data: st.DataObject) -> None:
    one = data.draw(desired_states())
    found = data.draw(brokers(one))

    applied = plan_changes(one, found)

    again = plan_changes(one, apply_plan(found, applied))
    assert again.changes == ()
    assert again.refused == applied.refused


@given(st.data())
def test_a_plan_leaves_alone_what_is_right_and_what_is_not_ours(data: st.DataObject) -> None:
    one = data.draw(desired_states())
    found = data.draw(brokers(one))

    applied = apply_plan(found, plan_changes(one, found))

    before, later = found.grants or frozenset(), applied.grants or frozenset()
    assert before & one.grants <= later
    assert {grant for grant in before if grant.principal == "User:stranger"} <= later
    assert {name: topic.partitions for name, topic in found.topics.items()}.items() <= {
        name: topic.partitions for name, topic in applied.topics.items()
    }.items()


@given(st.data())
def test_a_plan_is_the_same_as_json(data: st.DataObject) -> None:
    one = data.draw(desired_states())
    made = plan_changes(one, data.draw(brokers(one)))

    entries = json.loads(json.dumps(plan_document(made)))

    assert len(entries["changes"]) == len(made.changes)
    assert entries["refused"] == list(made.refused)
    assert len(list(plan_lines(made))) == len(made.changes) + len(made.refused) + len(made.remarks) + 1


def test_a_broker_that_has_everything_needs_nothing() -> None:
    made = plan_changes(HARBOR, broker_state_of(HARBOR))

    assert (made.changes, made.refused) == ((), ())
    assert summary_line(made) == "nothing to change"


def test_a_setting_that_differs_is_reported_with_what_is_and_what_is_wanted() -> None:
    found = broker_state_of(HARBOR)
    settings = {**found.topics[MEASURES].settings, "segment.bytes": "1073741824"}

    made = plan_changes(HARBOR, broker_with_topic(found, MEASURES, found.topics[MEASURES]._replace(settings=settings)))

    assert made.changes == (SetSetting(MEASURES, "segment.bytes", "1073741824", "67108864"),)
    assert "  ~ topic measures: segment.bytes: 1073741824 → 67108864" in plan_lines(made)


def test_more_partitions_are_refused_since_keys_would_move() -> None:
    found = broker_state_of(HARBOR)
    found = broker_with_topic(found, MEASURES, found.topics[MEASURES]._replace(partitions=1))

    made = plan_changes(HARBOR, found)

    assert made.changes == ()
    assert [text for text in made.refused if "measures: expected 2 partitions, got 1" in text and "move" in text]


def test_a_platform_may_write_and_describe_its_own_topics_and_nothing_else() -> None:
    two = desired_state_of(registry("User:harbor", "User:lantern"))

    rights = {(grant.operation, grant.name) for grant in two.grants if grant.principal == "User:harbor"}

    assert rights == {
        (operation, topic) for operation in ("WRITE", "DESCRIBE") for topic in ("report-filed.p0", "action-taken.p0")
    }


@pytest.mark.parametrize("name", ["*", "report-filed."])
def test_a_right_on_everything_is_taken_from_a_platform_after_its_own_are_given(name: str) -> None:
    wide = Grant("User:harbor", "TOPIC", name, "WRITE", prefix=name != "*")
    found = ExistingState(topics=broker_state_of(HARBOR).topics, grants=frozenset({wide}), users=frozenset())

    made = plan_changes(HARBOR, found)

    assert made.changes[-1] == Revoke(wide)
    assert all(isinstance(change, Allow) for change in made.changes[:-1])


def test_what_a_platform_may_do_elsewhere_is_not_ours_to_take() -> None:
    elsewhere = Grant("User:harbor", "TOPIC", "another-applications-topic", "READ")
    found = broker_state_of(HARBOR)

    made = plan_changes(HARBOR, ExistingState(topics=found.topics, grants=(found.grants or frozenset()) | {elsewhere}))

    assert made.changes == ()


def test_a_stranger_with_rights_on_our_topics_is_reported_and_left_alone() -> None:
    stranger = Grant("User:somebody", "TOPIC", "report-filed.", "READ", prefix=True)
    found = broker_state_of(HARBOR)

    made = plan_changes(HARBOR, ExistingState(topics=found.topics, grants=(found.grants or frozenset()) | {stranger}))

    assert made.changes == ()
    assert "User:somebody, who is not in the registry, may READ on topic report-filed.…" in made.remarks


def test_a_broker_without_authorizer_and_scram_is_reported_plainly_and_gets_its_topics() -> None:
    made = plan_changes(HARBOR, ExistingState(topics={}))

    assert len(made.changes) == len(HARBOR.topics)
    assert [text.split(":")[0] for text in made.remarks] == ["rights are left out", "users are left out"]


def test_a_password_is_renewed_only_when_it_is_asked_for() -> None:
    known = frozenset({"harbor"})
    calm, renewing = (
        desired_state_of(registry("User:harbor"), PasswordSources(known, asked)) for asked in (frozenset[str](), known)
    )

    assert plan_changes(calm, broker_state_of(calm)).changes == ()
    assert next(iter(plan_lines(plan_changes(renewing, broker_state_of(renewing))))) == "  ~ user harbor: new password"


def test_a_password_that_is_not_at_hand_prevents_of_its_renewal() -> None:
    one = desired_state_of(registry("User:harbor"), PasswordSources(frozenset(), frozenset({"harbor", "nobody"})))

    made = plan_changes(one, broker_state_of(one))

    assert [text.split(":")[0] for text in made.refused] == ["nobody", "harbor"]


def test_a_principal_that_is_none_prevents() -> None:
    one = desired_state_of(registry("harbor"))

    assert plan_changes(one, broker_state_of(one)).refused == (
        "p0: expected a principal such as User:p0 in the registry",
    )


@pytest.mark.parametrize(
    ("principal", "user"),
    [("User:harbor", "harbor"), ("User:CN=harbor,O=x", ""), ("User:ANONYMOUS", ""), ("User:*", ""), ("Group:x", "")],
)
def test_only_somebody_with_a_plain_name_signs_in_with_a_password(principal: str, user: str) -> None:
    assert user_name(principal) == user
