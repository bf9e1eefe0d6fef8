"""Recognise the format of a file that does not contain JSON lines, from its first bytes."""

from collections.abc import Sequence
from re import DOTALL
from re import compile as pattern
from typing import Final

_DECOMPRESS: Final = "decompress it first"
_EXPORT: Final = "write one JSON object on each line"
_SPLIT: Final = "write each event on a line of its own, without the brackets (`jq -c '.[]'` does)"
_CONVERT: Final = "write it in UTF-8 (`iconv -t UTF-8` does)"

# The signatures come from the formats' own definitions, which file(1) also uses.
_SIGNATURES: Final[Sequence[tuple[bytes, str, str]]] = (
    (b"\x1f\x8b", "a gzip file", _DECOMPRESS),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _DECOMPRESS),
    (b"\xfd7zXZ\x00", "an xz file", _DECOMPRESS),
    (b"BZh", "a bzip2 file", _DECOMPRESS),
    (b"\x04\x22\x4d\x18", "an LZ4 file", _DECOMPRESS),
    (b"\xff\x06\x00\x00sNaPpY", "a Snappy file", _DECOMPRESS),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _DECOMPRESS),
    (b"PK\x03\x04", "a zip archive or an Excel workbook (.xlsx)", _EXPORT),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", _EXPORT),
    (b"Obj\x01", "an Avro file", _EXPORT),
    (b"PAR1", "a Parquet file", _EXPORT),
    (b"ORC", "an ORC file", _EXPORT),
    (b"SQLite format 3", "an SQLite database", _EXPORT),
    (b"%PDF", "a PDF file", _EXPORT),
    (b"\xff\xfe\x00\x00", "text in UTF-32", _CONVERT),
    (b"\x00\x00\xfe\xff", "text in UTF-32", _CONVERT),
    (b"\xff\xfe", "text in UTF-16", _CONVERT),
    (b"\xfe\xff", "text in UTF-16", _CONVERT),
)

# The patterns match the first line without surrounding white space.
_TEXT_PATTERNS: Final = tuple(
    (pattern(expression, DOTALL).match, format_name, advice)
    for expression, format_name, advice in (
        (rb".\x00", "text in UTF-16", _CONVERT),
        (rb"\x00.", "text in UTF-16", _CONVERT),
        (rb"\[", "a JSON array", _SPLIT),
        (rb"\x1e", "a JSON text sequence (RFC 7464)", "leave the record separators out"),
        (rb"\{$", "JSON over several lines", "write each event on one line (`jq -c .` does)"),
        (rb"\{\s*'", "Python's text of a dictionary", "write JSON, with double quotes (`json.dumps` does)"),
        (rb'\{\s*"[A-Za-z_]+"\s*:\s*\[', "a JSON object around a list", _SPLIT),
        (rb"<", "XML or HTML", _EXPORT),
        (rb"---$|[A-Za-z_]+:(?:\s|$)", "YAML", _EXPORT),
        (rb"(?i)(?:insert into|create table|copy |-- )", "an SQL dump", _EXPORT),
        (rb"[^{]+\{.*\}$", "a log with text before the JSON", "leave the text before `{` out"),
        (rb"[^{]*(?:,[^{]*,|;[^{]*;|\t[^{]*\t|\|[^{]*\|)", "a table, such as CSV", _EXPORT),
    )
)


def format_advice(first_bytes: bytes) -> str:
    """Return the format of a file and what to do, from its first line or bytes; "" for an unknown format."""
    for magic, format_name, advice in _SIGNATURES:
        if first_bytes.startswith(magic):
            return f"{format_name}: {advice}"
    stripped = first_bytes.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n")
    return next(
        (f"{format_name}: {advice}" for matches, format_name, advice in _TEXT_PATTERNS if matches(stripped)), ""
    )
