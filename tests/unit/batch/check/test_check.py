"""What a platform's engineer is told about a file."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from streams.batch.check.check import CheckedFiles, check
from streams.batch.check.console import print_check
from streams.batch.check.json_report import check_document
from streams.batch.check.summary import ClockSummary, PlatformSummary
from streams.contract.events import keys
from streams.contract.events.schema import envelope, event_data
from streams.contract.events.schema.action_data import Acknowledged, NoViolation, Restricted
from streams.contract.registry.registry import Registry
from streams.contract.timestamps import format_timestamp
from streams.domain.vocabulary import Basis, Channel, Extent, Ground, Harm, Reporter, Restriction

HOUR = 3_600_000
MONDAY = 1_760_000_400_123
NOW = MONDAY + 1000 * HOUR
REMOVED = Restricted(restrictions=(Restriction.REMOVED,), extent=Extent.GLOBAL, ground=Ground.TERMS)


def token(report: int) -> str:
    return keys.report_token(b"s" * 32, "k1", str(report))


def filing_line(
    report: int, at: int, *, harm: Harm = Harm.GROOMING, recorded_at: int | None = None, where: str = "GB"
) -> bytes:
    data = event_data.ReportFiled(
        harm=harm,
        reporter=Reporter.USER,
        trusted_flagger=False,
        channel=Channel.IN_APP,
        basis=Basis.TERMS,
        jurisdictions=(where,),
    )
    event = envelope.report_event(
        data, platform="harbor", token=token(report), id=f"filing-{report:04d}", occurred_at=at
    )
    return envelope.encode_structured(event if recorded_at is None else envelope.with_recorded_time(event, recorded_at))


def action_line(
    report: int,
    at: int,
    data: envelope.ReportEventData = REMOVED,
    *,
    recorded_at: int | None = None,
    name: str = "action",
) -> bytes:
    event = envelope.report_event(
        data, platform="harbor", token=token(report), id=f"{name}-{report:04d}", occurred_at=at
    )
    return envelope.encode_structured(event if recorded_at is None else envelope.with_recorded_time(event, recorded_at))


def heartbeat_line(at: int) -> bytes:
    data = event_data.HeartbeatData(complete_through=format_timestamp(at), sequence=1)
    return envelope.encode_structured(
        envelope.heartbeat_event(data, platform="harbor", id="heartbeat-1", occurred_at=at)
    )


def check_file(tmp_path: Path, *lines: bytes) -> CheckedFiles:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(lines))
    return check([path], Registry.accepting_all(), lambda: NOW)


def harbor(found: CheckedFiles) -> PlatformSummary:
    (platform,) = found.platforms
    return platform


def action_clock(found: CheckedFiles) -> ClockSummary:
    return next(clock for clock in harbor(found).clocks if clock.clock == "time_to_action")


def test_a_share_of_nothing_is_not_known_and_not_0(tmp_path: Path) -> None:
    found = check_file(tmp_path, action_line(1, MONDAY))
    shown = StringIO()

    print_check(found, Console(file=shown, width=200))

    (platform,) = json.loads(json.dumps(check_document(found)))["platforms"]
    assert platform["shares"]["unknown_jurisdiction"] is None
    assert platform["clocks"]["time_to_action"]["share_logged_at_close"] is None
    assert "no jurisdiction not known" in shown.getvalue()


def test_refusals_are_grouped_by_reason_and_field_with_their_first_line(tmp_path: Path) -> None:
    bad = filing_line(2, MONDAY).replace(b'"grooming"', b'"something secret"')

    found = check_file(tmp_path, filing_line(1, MONDAY), bad, b"not json", bad)

    assert [(g.reason, g.field, g.count, g.first.rpartition(":")[2]) for g in found.refused] == [
        ("bad_value", "harm", 2, "2"),
        ("not_json", "", 1, "3"),
    ]
    assert found.exit_code == 1


def test_a_refused_value_is_shown_nowhere(tmp_path: Path) -> None:
    found = check_file(tmp_path, filing_line(2, MONDAY).replace(b'"grooming"', b'"something secret"'))
    shown = StringIO()

    print_check(found, Console(file=shown, width=200))

    assert "harm" in shown.getvalue()
    assert "secret" not in shown.getvalue() + json.dumps(check_document(found))


def test_the_closed_words_are_shown_instead_of_what_was_refused(tmp_path: Path) -> None:
    found = check_file(tmp_path, filing_line(2, MONDAY).replace(b'"grooming"', b'"something secret"'))
    shown = StringIO()

    print_check(found, Console(file=shown, width=400))

    assert f"bad_value in harm: expected one of {', '.join(Harm)}" in shown.getvalue()
    assert "secret" not in shown.getvalue() + json.dumps(check_document(found))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"id;received;harm\n1;2026-01-05;csam\n", "a table"),
        (b"[" + filing_line(1, MONDAY) + b"]", "a JSON array"),
        (b"[\n" + filing_line(1, MONDAY) + b"\n]\n", "a JSON array"),
        (b"[" + b",".join(filing_line(number, MONDAY) for number in range(99)) + b"]", "a JSON array"),
        (json.dumps(json.loads(filing_line(1, MONDAY)), indent=2).encode(), "JSON over several lines"),
        (filing_line(1, MONDAY).decode().encode("utf-16"), "text in UTF-16"),
        (b"Obj\x01\x04\x14avro.codec\x08null\x00", "an Avro file"),
        (b"PK\x03\x04\x14\x00\x06\x00", "a zip archive or an Excel workbook"),
    ],
)
def test_another_kind_of_file_is_recognised(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "export"
    path.write_bytes(content)
    shown = StringIO()

    found = check([path], Registry.accepting_all(), lambda: NOW)
    print_check(found, Console(file=shown, width=400))

    assert f"{path} looks like {what}" in shown.getvalue()
    assert what in json.dumps(check_document(found))


def test_a_bad_line_in_a_good_file_says_nothing_of_the_file(tmp_path: Path) -> None:
    found = check_file(tmp_path, filing_line(1, MONDAY), b"id,received,harm")

    assert [group.looks_like for group in found.refused] == [""]


def test_what_was_understood_is_whole_on_eighty_columns(tmp_path: Path) -> None:
    found = check_file(
        tmp_path,
        filing_line(1, MONDAY),
        action_line(1, MONDAY + HOUR),
        filing_line(2, MONDAY),
        heartbeat_line(MONDAY + 2 * HOUR),
    )
    shown = StringIO()

    print_check(found, Console(file=shown, width=400))

    assert "…" not in shown.getvalue()
    assert all(clock.clock in shown.getvalue() for clock in harbor(found).clocks)
    assert "open 1, restricted 1" in shown.getvalue()


def test_a_good_file_ends_well_and_its_states_add_up(tmp_path: Path) -> None:
    found = check_file(
        tmp_path,
        filing_line(1, MONDAY),
        action_line(1, MONDAY + HOUR),
        filing_line(2, MONDAY),
        action_line(2, MONDAY + 5, NoViolation()),
        filing_line(3, MONDAY),
        action_line(3, MONDAY + 7, Acknowledged()),
        filing_line(4, MONDAY),
        heartbeat_line(MONDAY + 2 * HOUR),
    )

    assert found.exit_code == 0
    assert (found.events, found.heartbeats) == (7, 1)
    assert harbor(found).states == {"restricted": 1, "no_violation": 1, "acknowledged": 1, "open": 1}
    assert harbor(found).filed == 4
    assert harbor(found).warnings == ()


def test_an_event_after_now_is_refused(tmp_path: Path) -> None:
    found = check_file(tmp_path, filing_line(1, NOW + HOUR), filing_line(2, MONDAY))

    assert [(group.reason, group.field) for group in found.refused] == [("future_time", "time")]
    assert found.as_of == MONDAY


def test_an_event_logged_after_now_is_refused(tmp_path: Path) -> None:
    found = check_file(tmp_path, filing_line(1, MONDAY), action_line(1, MONDAY + HOUR, recorded_at=NOW + HOUR))

    assert [(group.reason, group.field) for group in found.refused] == [("future_time", "recordedtime")]


def test_an_action_without_its_filing_is_an_orphan_and_warned_of(tmp_path: Path) -> None:
    found = check_file(tmp_path, action_line(1, MONDAY), filing_line(2, MONDAY))

    assert harbor(found).orphans == 1
    assert any("no filing" in warning for warning in harbor(found).warnings)


def test_open_reports_lift_the_median_above_the_published_one(tmp_path: Path) -> None:
    answered = [line for n in range(4) for line in (filing_line(n, MONDAY), action_line(n, MONDAY + HOUR))]
    waiting = [filing_line(n, MONDAY) for n in range(10, 16)]

    found = check_file(tmp_path, *answered, *waiting, heartbeat_line(MONDAY + 100 * HOUR))

    assert action_clock(found).closed_only_median_seconds == pytest.approx(3600)
    assert action_clock(found).median_seconds.value is None


def test_reports_published_only_at_closing_are_found(tmp_path: Path) -> None:
    end = MONDAY + 10 * HOUR
    lines = [
        line
        for n in range(30)
        for line in (filing_line(n, MONDAY, recorded_at=end), action_line(n, end, recorded_at=end))
    ]

    found = check_file(tmp_path, *lines)

    assert action_clock(found).share_logged_at_close == 1.0
    assert any("logged only when they were closed" in warning for warning in harbor(found).warnings)


def test_habits_that_make_figures_doubtful_are_warned_of(tmp_path: Path) -> None:
    hour = MONDAY // HOUR * HOUR
    lines = [
        line for n in range(30) for line in (filing_line(n, hour, harm=Harm.OTHER, where="ZZ"), action_line(n, hour))
    ]

    platform = harbor(check_file(tmp_path, *lines))

    shares = (platform.unknown_jurisdiction, platform.other_harm, platform.whole_hours, platform.zero_durations)
    assert shares == (1.0, 1.0, 1.0, 1.0)
    for word in ("closed reports only", "whole hours", "0 seconds", "no jurisdiction", "`other`", "no heartbeat"):
        assert any(word in warning for warning in platform.warnings)


def test_a_second_line_of_the_same_event_is_a_duplicate_and_other_content_a_conflict(tmp_path: Path) -> None:
    found = check_file(tmp_path, filing_line(1, MONDAY), filing_line(1, MONDAY), filing_line(1, MONDAY + 1))

    assert harbor(found).duplicates == 1
    assert [(group.reason, group.first.rpartition(":")[2]) for group in found.refused] == [("conflict", "3")]


def test_an_empty_file_is_good_and_says_nothing(tmp_path: Path) -> None:
    found = check_file(tmp_path)

    assert (found.exit_code, found.platforms) == (0, ())
    assert check_document(found)["as_of"] is None


def test_the_document_holds_what_was_found(tmp_path: Path) -> None:
    found = check_document(check_file(tmp_path, filing_line(1, MONDAY), action_line(1, MONDAY + HOUR)))

    platform = json.loads(json.dumps(found))["platforms"][0]
    assert found["schema"] == "safeclock.check/1"
    assert platform["states"] == {"restricted": 1}
    assert platform["clocks"]["time_to_action"]["closed_only_median_seconds"] == pytest.approx(3600)
    assert (platform["first"], platform["last"]) == (format_timestamp(MONDAY), format_timestamp(MONDAY + HOUR))
