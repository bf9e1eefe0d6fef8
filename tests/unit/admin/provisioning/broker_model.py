"""A broker as a value: what it has, and what it has after a change."""

from dataclasses import replace

from streams.admin.provisioning.plan import (
    Allow,
    Change,
    CreateTopic,
    CreateUser,
    ExistingState,
    ExistingTopic,
    Plan,
    RenewPassword,
    Revoke,
    SetSetting,
)


def apply_plan(found: ExistingState, plan: Plan) -> ExistingState:
    """Return what the broker has when every change was made."""
    for change in plan.changes:
        found = apply_change(found, change)
    return found


def apply_change(found: ExistingState, change: Change) -> ExistingState:
    """Return what the broker has after one change."""
    topics, grants, users = dict(found.topics), found.grants or frozenset(), found.users or frozenset()
    match change:
        case CreateTopic(topic):
            assert topic.name not in topics, "a broker refuses to make a topic twice"
            topics[topic.name] = ExistingTopic(topic.partitions, topic.replication_factor, topic.config)
            return replace(found, topics=topics)
        case SetSetting(topic, setting, current, wanted):
            there = topics[topic]
            assert there.settings[setting] == current
            topics[topic] = there._replace(settings={**there.settings, setting: wanted})
            return replace(found, topics=topics)
        case Allow(grant):
            return replace(found, grants=grants | {grant})
        case Revoke(grant):
            return replace(found, grants=grants - {grant})
        case CreateUser(user) | RenewPassword(user):
            return replace(found, users=users | {user})
