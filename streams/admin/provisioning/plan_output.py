"""Write a plan and its results as text and as JSON."""

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
from streams.contract.outputs.formatting import format_count


class ChangeResult(NamedTuple):
    """The result of a change; `problem` is "" if it was made."""

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
    """Return a change in one line."""
    match change:
        case CreateTopic(topic):
            return f"topic {topic.name}: {format_count(topic.partitions, 'partition')}, {_format_copies(topic.replication_factor)}"
        case SetSetting(topic, setting, current, wanted):
            return f"topic {topic}: {setting}: {current} → {wanted}"
        case Allow(grant):
            return f"{grant.principal} may {grant.operation} on {describe_resource(grant)}"
        case Revoke(grant):
            return f"{grant.principal} may no longer {grant.operation} on {describe_resource(grant)}"
        case CreateUser(user):
            return f"user {user}: SCRAM-SHA-512"
        case RenewPassword(user):
            return f"user {user}: new password"
        case _:
            assert_never(change)


def _format_copies(copies: int) -> str:
    return "on one broker" if copies == 1 else f"on {copies} brokers each"


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield a plan, line by line."""
    yield from (f"  {_SIGNS[type(change)]} {describe(change)}" for change in plan.changes)
    yield from (f"  ! {text}" for text in plan.refused)
    yield from (f"  · {text}" for text in plan.remarks)
    yield summary_line(plan)


def summary_line(plan: Plan) -> str:
    """Return the last line of a plan: the numbers of changes, or `nothing to change`."""
    signs = [_SIGNS[type(change)] for change in plan.changes]
    words = {"+": "to add", "~": "to change", "-": "to remove"}
    parts = [f"{signs.count(sign)} {word}" for sign, word in words.items() if sign in signs]
    parts += [f"{len(plan.refused)} refused"] if plan.refused else []
    return ", ".join(parts) or "nothing to change"


def result_lines(results: Iterable[ChangeResult]) -> Iterator[str]:
    """Yield the result of each change, and their numbers, line by line."""
    all_results = list(results)
    for result in all_results:
        yield f"  {'✗' if result.problem else '✓'} {describe(result.change)}" + (
            f": {result.problem}" if result.problem else ""
        )
    failed = sum(bool(result.problem) for result in all_results)
    yield f"{len(all_results) - failed} done" + (f", {failed} failed" if failed else "")


def plan_document(plan: Plan) -> dict[str, object]:
    """Return a plan as a JSON object."""
    return {
        "changes": [_change_entry(change) for change in plan.changes],
        "refused": list(plan.refused),
        "remarks": list(plan.remarks),
    }


def result_document(plan: Plan, results: Iterable[ChangeResult]) -> dict[str, object]:
    """Return an applied plan as a JSON object; `problem` is null for changes that were made."""
    return {
        **plan_document(plan),
        "done": [{**_change_entry(result.change), "problem": result.problem or None} for result in results],
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
