"""Mistakes in the content of files: reports left out, ids and tokens used twice, fields that never change."""

from typing import Final

from streams.batch.check.line_profile import LineProfile
from streams.batch.check.mistakes.mistake import Measurement, Mistake
from streams.domain.clocks.state_machine import OPEN_STATES, State
from streams.domain.integrity.confidence import share
from streams.domain.vocabulary import RefusalReason

_MIN_COUNT: Final = 20


def _interim_only(profile: LineProfile) -> Measurement:
    """Measure the share of reports that have ended or are under an interim restriction; 0 if none is under one."""
    done = sum(count for state, count in profile.states.items() if state is State.INTERIM or state not in OPEN_STATES)
    filed = profile.states.total()
    return Measurement(share(done, filed) if profile.states[State.INTERIM] else 0.0, filed)


def _all_acted(profile: LineProfile) -> Measurement:
    """Measure the share of reports with an action; 0 if at least half of the reports have a receipt."""
    filed = [report for report in profile.reports.values() if report.filed_at is not None]
    receipts = share(sum(report.has_receipt for report in filed), len(filed))
    acted = share(sum(report.first_action_at is not None for report in filed), len(filed))
    return Measurement(acted if receipts < 0.5 else 0.0, len(filed))  # noqa: PLR2004 - with more, receipts are the platform's normal practice


def _no_action(profile: LineProfile) -> Measurement:
    return Measurement(float(not profile.actions and not profile.refused), profile.filings)


def _ids_in_conflict(profile: LineProfile) -> Measurement:
    return Measurement(
        share(profile.refused[RefusalReason.CONFLICT], profile.lines), profile.refused[RefusalReason.CONFLICT]
    )


def _ids_of_others(profile: LineProfile) -> Measurement:
    return Measurement(share(profile.foreign_ids, profile.sampled_ids), profile.foreign_ids)


def _one_token(profile: LineProfile) -> Measurement:
    return Measurement(profile.common_report.share, profile.common_report.count)


def _many_key_ids(profile: LineProfile) -> Measurement:
    return Measurement(len(profile.key_ids), profile.lines)


def _sent_twice(profile: LineProfile) -> Measurement:
    return Measurement(share(profile.duplicates, profile.lines), profile.duplicates)


def _one_number_of_items(profile: LineProfile) -> Measurement:
    return Measurement(profile.common_size.share if profile.common_size.value != 1 else 0.0, profile.common_size.count)


def _one_label(profile: LineProfile) -> Measurement:
    return Measurement(profile.common_labels.share, profile.common_labels.count)


def _one_outcome(profile: LineProfile) -> Measurement:
    return Measurement(profile.common_outcome.share, profile.common_outcome.count)


def _tests(profile: LineProfile) -> Measurement:
    return Measurement(share(profile.tests, profile.filings), profile.filings)


def _trusted_persons(profile: LineProfile) -> Measurement:
    return Measurement(share(profile.trusted_persons, profile.filings), profile.filings)


MISTAKES: Final = (
    Mistake(
        "interim_only",
        "Is no report without a decision, and some decisions interim?",
        0.995,
        _MIN_COUNT,
        _interim_only,
        "every report has ended or is under an interim restriction: probably an export of closed reports only, with "
        "final restrictions marked as interim; add the open reports",
    ),
    Mistake(
        "all_acted",
        "Does every report have an action?",
        0.9999,
        250,
        _all_acted,
        "no report is without an action: probably reports were joined to their actions and the others left out; add "
        "the reports that wait",
    ),
    Mistake(
        "no_action",
        "Is there no action?",
        0.5,
        50,
        _no_action,
        "there are filings and no action: all reports look open; add the actions, which may be in another file",
    ),
    Mistake(
        "ids_in_conflict",
        "Do events of one report share ids?",
        0.02,
        _MIN_COUNT,
        _ids_in_conflict,
        "{value:.0%} of the events have the id or the token of another event and other content: probably the id of a "
        "report was used for all its events; give each event an id of its own",
    ),
    Mistake(
        "ids_of_others",
        "Do events of different reports share ids?",
        0.02,
        _MIN_COUNT,
        _ids_of_others,
        "{value:.0%} of the events have the id of an event of another report: probably a counter that restarts or a "
        "constant; give each event an id of its own",
    ),
    Mistake(
        "one_token",
        "Are events about one report?",
        0.5,
        _MIN_COUNT,
        _one_token,
        "at least {value:.0%} of the events are about the same report: probably `subject` is not computed from the report's id",
    ),
    Mistake(
        "many_key_ids",
        "Do tokens begin with more key ids than there can be secrets?",
        8,
        _MIN_COUNT,
        _many_key_ids,
        "tokens begin with {value} different key ids: the two characters before `_` name the secret, and are the same "
        "for all reports under it",
    ),
    Mistake(
        "sent_twice",
        "Are events repeated?",
        0.2,
        _MIN_COUNT,
        _sent_twice,
        "{value:.0%} of the lines repeat an event: probably a file was added twice; each counts once",
    ),
    Mistake(
        "one_number_of_items",
        "Do all filings have the same number of items, more than one?",
        0.8,
        _MIN_COUNT,
        _one_number_of_items,
        "nearly all filings have the same number of items, more than one: probably a default; leave `items` out if "
        "it is one",
    ),
    Mistake(
        "one_label",
        "Do all filings have the same labels?",
        0.999,
        200,
        _one_label,
        "all {over:,} filings have the same labels: probably constants in place of what was reported",
    ),
    Mistake(
        "one_outcome",
        "Do all actions have the same outcome?",
        0.999,
        100,
        _one_outcome,
        "all {over:,} actions have the same outcome: probably the other outcomes were left out, and their reports look "
        "open",
    ),
    Mistake(
        "tests",
        "Are filings tests?",
        0.5,
        _MIN_COUNT,
        _tests,
        "{value:.0%} of the filings have `test`: tests are not part of any figure",
    ),
    Mistake(
        "trusted_persons",
        "Are users and guardians trusted flaggers?",
        0.2,
        _MIN_COUNT,
        _trusted_persons,
        "{value:.0%} of the filings are by users or guardians and have `trusted_flagger`: probably a constant",
    ),
)
