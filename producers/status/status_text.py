"""A status in words: lines of at most 80 columns, the same on a terminal and in a pipe."""

from collections.abc import Iterator

from streams.contract.outputs.platform_status import StatusDocument


def lines(document: StatusDocument) -> Iterator[str]:
    """Yield a document as text."""
    yield f"{document.platform}, as of {document.as_of or 'not told yet'}"
    yield f"  complete through  {document.complete_through or 'not told yet'}"
    for name, count in _counts(document).items():
        yield f"  {name:<17} {count:>14,}"
    if not document.refusals:
        yield "no refusal" + (f" since {document.since}" if document.since else " is kept")
    for group in document.refusals:
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
