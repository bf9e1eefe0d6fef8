"""docs/publishing.md says what is so."""

import ast
import re

from kafka.partitioner import murmur2

from producers.publisher.arguments import FilingArguments
from producers.publisher.settings import PublisherSettings
from streams.contract.events import keys
from streams.contract.events.decoder import EventDecoder
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import MAX_TIMESTAMP_MS
from streams.contract.topics import partition_of
from streams.domain.events import Action, Filing, Heartbeat
from tests.support.paths import ROOT

DOCUMENT = (ROOT / "docs" / "publishing.md").read_text(encoding="utf-8")
GOLDEN = re.compile(r"^\| `(.+?)` \| `(k1_.+?)` \| (\d+) \| (\d+) \|$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def block(language: str) -> str:
    return next(found.group(2) for found in BLOCK.finditer(DOCUMENT) if found.group(1) == language)


def test_its_lines_are_events() -> None:
    decoder = EventDecoder(Registry.accepting_all())

    read = [decoder.decode_line(line.encode(), MAX_TIMESTAMP_MS) for line in block("json").splitlines()]

    assert [type(event) for event in read] == [Filing, Action, Heartbeat]


def test_its_program_imports_what_exists_and_says_what_the_contract_knows() -> None:
    program = ast.parse(block("python"))
    imports: list[ast.stmt] = [node for node in program.body if isinstance(node, ast.Import | ast.ImportFrom)]
    calls = [node for node in ast.walk(program) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]

    exec(compile(ast.Module(imports, []), "publishing.md", "exec"), {})  # noqa: S102 - our own document
    said = next({word.arg for word in call.keywords} for call in calls if _name(call) == "report_filed")

    assert (
        FilingArguments.__required_keys__ <= said <= {"report_id", "at", "event_id", *FilingArguments.__annotations__}
    )


def test_its_golden_vectors_hold() -> None:
    found = GOLDEN.findall(DOCUMENT)

    assert len(found) == 3
    for report, token, of_eight, of_thirty_two in found:
        key = keys.record_key("harbor", token)
        assert token == keys.report_token(bytes(range(32)), "k1", report)
        assert [(murmur2(key) & 0x7FFFFFFF) % count for count in (8, 32)] == [int(of_eight), int(of_thirty_two)]
        assert (partition_of(key, 8), partition_of(key, 32)) == (int(of_eight), int(of_thirty_two))


def test_its_table_names_every_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `SAFECLOCK_PUBLISH_(\w+)` \|.*\| `(.+?)` \|$", DOCUMENT, re.MULTILINE))
    settings = PublisherSettings()

    for name in ("bootstrap", "max_pending", "block_ms", "delivery_timeout_ms", "linger_ms"):
        assert rows[name.upper()] == str(getattr(settings, name))
    assert rows["IDEMPOTENT"] == "true"
    assert (rows["PROTOCOL"], rows["MECHANISM"]) == (settings.access.protocol, settings.access.mechanism)
