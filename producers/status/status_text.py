"""Formats a status document as lines of at most 80 columns, equal on a terminal and in a pipe."""

from collections.abc import Iterator

from streams.contract.outputs.platform_status import StatusDocument


def status_lines(status: StatusDocument) -> Iterator[str]:
    """Yield the lines of a status document."""
    yield f"{status.platform}, as of {status.as_of or 'not known yet'}"
    yield f"  complete through  {status.complete_through or 'not known yet'}"
    for name, count in _counts(status).items():
        yield f"  {name:<17} {count:>14,}"
    if not status.refusals:
        yield "no refusal" + (f" since {status.since}" if status.since else " is kept")
    for group in status.refusals:
        first = group.first
        yield f"refused as {group.reason} in {group.field or 'the whole event'}: {group.count:,}"
        yield f"  the first at {first.time}:"
        yield f"  {first.topic} {first.partition} {first.offset}"


def _counts(document: StatusDocument) -> dict[str, int]:
    return {
        "read": document.read,
        "accepted": document.accepted,
        "refused": document.refused,
        "duplicates": document.duplicates,
        "filed as history": document.history,
        "wait for filings": document.waiting,
        "not read yet": document.lag,
    }
