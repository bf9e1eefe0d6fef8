"""A file that does not hold JSON lines is told for what it is."""

import bz2
import csv
import gzip
import io
import json
import lzma
import sqlite3
import zipfile

import pytest

from streams.contract.events.schema.envelope import encode_structured
from streams.edge.files.format_detection import format_advice
from tests.support.events.examples import accepted_events

EVENT = encode_structured(next(iter(accepted_events())))


def _table(separator: str) -> bytes:
    file = io.StringIO()
    rows = csv.writer(file, delimiter=separator)
    rows.writerows([["id", "received", "harm"], ["1", "2026-01-05T08:00:00Z", "csam"]])
    return file.getvalue().encode()


def _workbook() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("[Content_Types].xml", "<Types/>")
    return file.getvalue()


def _database() -> bytes:
    with sqlite3.connect(":memory:") as database:
        database.execute("create table events (id text)")
        content = database.serialize()
    database.close()
    return content


FILES = {
    "a gzip file": gzip.compress(EVENT),
    "a bzip2 file": bz2.compress(EVENT),
    "an xz file": lzma.compress(EVENT),
    "a zip archive or an Excel workbook": _workbook(),
    "an SQLite database": _database(),
    "an Avro file": b"Obj\x01\x04\x14avro.codec",
    "a Parquet file": b"PAR1\x15\x04",
    "a Zstandard file": b"\x28\xb5\x2f\xfd\x04\x00",
    "an LZ4 file": b"\x04\x22\x4d\x18\x64\x40",
    "a JSON array": json.dumps([json.loads(EVENT)]).encode(),
    "JSON over several lines": json.dumps(json.loads(EVENT), indent=2).encode(),
    "a JSON object around a list": json.dumps({"events": [json.loads(EVENT)]}).encode(),
    "Python's text of a dictionary": repr(json.loads(EVENT)).encode(),
    "a JSON text sequence": b"\x1e" + EVENT,
    "a log with text before the JSON": b"2026-01-05 08:00:00 INFO " + EVENT,
    "XML": b"<?xml version='1.0'?>\n<events/>",
    "YAML": b"specversion: '1.0'\ntype: safeclock.report-filed.v1\n",
    "an SQL dump": b"INSERT INTO events VALUES (1, 2, 3);",
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_is_recognised_by_its_first_line(what: str) -> None:
    first = FILES[what].split(b"\n")[0]

    assert format_advice(first).startswith(what)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_table_is_reported_by_its_heading_whatever_separates_its_columns(separator: str) -> None:
    assert format_advice(_table(separator).splitlines()[0]).startswith("a table")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", [EVENT.decode(), "id,received,harm", "[\n"])
def test_other_encodings_are_reported_before_what_they_hold(encoding: str, text: str) -> None:
    assert format_advice(text.encode(encoding).split(b"\n")[0]).startswith("text in UTF-")


@pytest.mark.parametrize("event", accepted_events(), ids=lambda event: type(event).__name__)
def test_an_event_is_no_foreign_file(event: object) -> None:
    compact = encode_structured(event)  # type: ignore[arg-type]
    spaced = json.dumps(json.loads(compact)).encode()

    assert [format_advice(line) for line in (compact, spaced, b"\xef\xbb\xbf" + spaced + b"\r")] == ["", "", ""]


@pytest.mark.parametrize("line", [b"", b"not json", b"{", b'{"type":', b"\x00\x01\x02", b"secret, words and, commas"])
def test_nothing_of_a_line_is_repeated(line: bytes) -> None:
    text = format_advice(line)

    assert "secret" not in text
    assert "not json" not in text
