"""A plan, and what became of it, in words and as JSON."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, assert_never

from streams.admin.provisioning.plan import (
    Allow,
    Change,
    CreateTopic,
    CreateUser,
    Plan,
    RenewPassword,
    Revoke,
    SetSetting,
    describe_resource,
)


class ChangeResult(NamedTuple):
    """A change that was tried; `problem` is "" when it was made."""

    change: Change
    problem: str


_SIGNS: Final[Mapping[type, str]] = {
    CreateTopic: "+",
    SetSetting: "~",
    Allow: "+",
    Revoke: "-",
    CreateUser: "+",
    RenewPassword: "~",
}


def describe(change: Change) -> str:
    """Return what a change does, in one line."""
    match change:
        case CreateTopic(topic):
            return f"topic {topic.name}: {topic.partitions} partitions, {_format_copies(topic.replication_factor)}"
        case SetSetting(topic, setting, current, wanted):
            return f"topic {topic}: {setting}: {current} → {wanted}"
        case Allow(grant):
            return f"{grant.principal} may {grant.operation} on {describe_resource(grant)}"
        case Revoke(grant):
            return f"{grant.principal} may no longer {grant.operation} on {describe_resource(grant)}"
        case CreateUser(user):
            return f"user {user}: SCRAM-SHA-512"
        case RenewPassword(user):
            return f"user {user}: another password"
        case _:
            assert_never(change)


def _format_copies(copies: int) -> str:
    return "on one broker" if copies == 1 else f"on {copies} brokers each"


def plan_lines(plan: Plan) -> Iterator[str]:
    """Return a plan, line by line."""
    yield from (f"  {_SIGNS[type(change)]} {describe(change)}" for change in plan.changes)
    yield from (f"  ! {text}" for text in plan.refused)
    yield from (f"  · {text}" for text in plan.remarks)
    yield summary_line(plan)


def summary_line(plan: Plan) -> str:
    """Return the last line of a plan: `nothing to change` when that is so."""
    counted = [_SIGNS[type(change)] for change in plan.changes]
    words = {"+": "to add", "~": "to change", "-": "to take away"}
    parts = [f"{counted.count(sign)} {word}" for sign, word in words.items() if sign in counted]
    parts += [f"{len(plan.refused)} refused"] if plan.refused else []
    return ", ".join(parts) or "nothing to change"


def result_lines(results: Iterable[ChangeResult]) -> Iterator[str]:
    """Return what became of each change, line by line."""
    tried = list(results)
    for each in tried:
        yield f"  {'✗' if each.problem else '✓'} {describe(each.change)}" + (
            f": {each.problem}" if each.problem else ""
        )
    failed = sum(bool(each.problem) for each in tried)
    yield f"{len(tried) - failed} done" + (f", {failed} failed" if failed else "")


def plan_document(plan: Plan) -> dict[str, object]:
    """Return a plan as JSON has it."""
    return {
        "changes": [_change_entry(change) for change in plan.changes],
        "refused": list(plan.refused),
        "remarks": list(plan.remarks),
    }


def result_document(plan: Plan, results: Iterable[ChangeResult]) -> dict[str, object]:
    """Return a plan that was applied as JSON has it; `problem` is null for what was done."""
    return {
        **plan_document(plan),
        "done": [{**_change_entry(each.change), "problem": each.problem or None} for each in results],
    }


def _change_entry(change: Change) -> dict[str, object]:
    match change:
        case CreateTopic(topic):
            return {
                "action": "create",
                "kind": "topic",
                "topic": topic.name,
                "partitions": topic.partitions,
                "replication_factor": topic.replication_factor,
                "settings": dict(topic.config),
            }
        case SetSetting():
            return {"action": "set", "kind": "setting", **change._asdict()}
        case Allow(grant):
            return {"action": "allow", "kind": "right", **grant._asdict()}
        case Revoke(grant):
            return {"action": "revoke", "kind": "right", **grant._asdict()}
        case CreateUser(user):
            return {"action": "create", "kind": "user", "user": user}
        case RenewPassword(user):
            return {"action": "renew", "kind": "user", "user": user}
        case _:
            assert_never(change)
