"""Say a decision in one sentence that a journalist understands."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Final

from streams.domain.duration_bins import HOUR, MINUTE
from streams.domain.verdict.comparison.contrast import Contrast
from streams.domain.verdict.comparison.filed_weeks import EPOCH, Window
from streams.domain.verdict.decision import Decision, Reason, Rule, Verdict
from streams.domain.verdict.guards import GuardResult, GuardState
from streams.domain.verdict.so_far import SoFar

CAVEAT: Final = (
    "A change after a date is not evidence that the date caused it."
    " Of the changes told here at most 1 in 20 is expected to be chance."
    " Durations are what platforms declare."
)
_NOT_ENOUGH: Final = "Not enough reports to tell"
_NOT_MEASURABLE: Final = "Not measurable"


def sentence(name: str, decision: Decision, rule: Rule, comparisons: int, so_far: SoFar | None = None) -> str:
    """Return the decision on a cell as one or two sentences; `comparisons` is how many cells the declaration has.

    Durations are in hours. `so_far` is the comparison to say before the day of decision.
    """
    if decision.reason in _WITHOUT_CONTRAST:
        return _WITHOUT_CONTRAST[decision.reason](decision, rule)
    if decision.verdict is Verdict.SO_FAR:
        return _so_far(so_far, rule)
    contrast = decision.contrast
    if contrast is None:
        raise ValueError(f"expected a comparison with the verdict {decision.verdict}, got none")
    if decision.verdict is Verdict.NO_CLEAR_CHANGE:
        return _no_clear_change(contrast, rule) + _remark(decision.reason, comparisons)
    if decision.verdict is Verdict.NOT_ENOUGH_REPORTS:
        return _not_detected(contrast) + _remark(decision.reason, comparisons)
    return " ".join((_change(name, contrast, rule), *_quality(decision, rule)))


def _change(name: str, contrast: Contrast, rule: Rule) -> str:
    is_faster = contrast.difference < 0
    word, direction = ("faster", "less") if is_faster else ("slower", "more")
    # An interval of "less" is turned round; at a level above 0.05 it may reach beyond zero.
    least, most = (-contrast.high, -contrast.low) if is_faster else (contrast.low, contrast.high)
    return (
        f"{name} decides {word}: reports filed from {_span(rule.current)} waited {_hours(contrast.current)} on average for"
        f" a decision, counted up to {_limit(rule.horizon)}, those filed from {_span(rule.baseline)}"
        f" {_hours(contrast.baseline)}, at the same mix of harms and channels:"
        f" {_hours(abs(contrast.difference))} {direction} ({_hours(least)} to {_hours(most)})."
    )


def exploratory_sentence(name: str, decision: Decision, rule: Rule) -> str:
    """Return the figures of a comparison that was not declared in time, without a word for them."""
    contrast = decision.contrast
    if contrast is None:
        return f"Exploratory: {name} cannot be compared ({decision.reason})."
    return (
        f"Exploratory: {name}, reports filed from {_span(rule.current)}: {_hours(contrast.current)}; from"
        f" {_span(rule.baseline)}: {_hours(contrast.baseline)}; difference {_signed_hours(contrast.difference)}"
        f" ({_signed_hours(contrast.low)} to {_signed_hours(contrast.high)})."
    )


def _quality(decision: Decision, rule: Rule) -> Iterable[str]:
    if decision.failed_checks:
        yield f"Whether the labels can be compared is not known: {', '.join(decision.failed_checks)} fails."
        return
    match decision.verdict:
        case Verdict.FASTER:
            margins = ", ".join(f"{guard} by {_points(rule.guards[guard].margin)}" for guard in decision.guards)
            yield f"No guard got worse by its margin: {margins}." if margins else "No guard was declared."
        case Verdict.QUALITY_UNKNOWN:
            states = ", ".join(f"{guard}: {result.state}" for guard, result in decision.guards.items())
            yield f"Whether as much is acted on, and whether decisions hold, is not known yet ({states})."
        case Verdict.QUALITY_WORSE:
            yield f"Quality got worse: {_worse_guards(decision.guards)}."
        case _:
            pass


def _worse_guards(guards: Mapping[str, GuardResult]) -> str:
    return ", ".join(
        f"{name} from {_share(result.contrast.baseline)} to {_share(result.contrast.current)}"
        for name, result in guards.items()
        if result.state is GuardState.WORSE and result.contrast is not None
    )


def _no_clear_change(contrast: Contrast, rule: Rule) -> str:
    excluded = rule.same * contrast.baseline
    return (
        f"No clear change: the difference lies between {_signed_hours(contrast.low)} and {_signed_hours(contrast.high)};"
        f" a change of the mean wait by {_hours(excluded)} or more is excluded."
    )


def _not_detected(contrast: Contrast) -> str:
    return f"{_NOT_ENOUGH}: a change of less than {_hours(contrast.detectable)} would probably have been missed."


def _remark(reason: Reason | None, comparisons: int) -> str:
    if reason is Reason.CHANCE:
        among = f" among {comparisons} comparisons" if comparisons > 1 else ""
        return f" The mean wait seems changed, but{among} that may be chance."
    if reason is Reason.SMALL:
        return " The mean wait has changed, but by less than the declaration calls a change."
    return ""


def _so_far(found: SoFar | None, rule: Rule) -> str:
    decided = f"To be decided on {EPOCH + timedelta(days=rule.decide_on)}."
    if found is None:
        return f"So far, not a verdict: fewer than 8 weeks can be compared. {decided}"
    return (
        f"So far, not a verdict: {_hours(found.contrast.current)} against {_hours(found.contrast.baseline)}"
        f" ({_signed_hours(found.low)} to {_signed_hours(found.high)}); looked at every week, so the interval is wide."
        f" {decided}"
    )


def _never_complete(_decision: Decision, _rule: Rule) -> str:
    return f"{_NOT_MEASURABLE}: the platform has not said up to when its events are complete."


def _on_closing(_decision: Decision, _rule: Rule) -> str:
    return f"{_NOT_MEASURABLE}: more than 5 % of the reports were published only when they were over."


def _silent(_decision: Decision, rule: Rule) -> str:
    return (
        f"{_NOT_MEASURABLE}: the platform has not told what became of the reports filed until {rule.current.last_day}."
    )


def _few_weeks(decision: Decision, _rule: Rule) -> str:
    return f"{_NOT_ENOUGH}: only {min(size.weeks for size in decision.sizes)} weeks of a window have reports."


def _nothing_in_common(_decision: Decision, _rule: Rule) -> str:
    return f"{_NOT_ENOUGH}: no harm and channel has enough reports in both windows."


def _little_in_common(decision: Decision, _rule: Rule) -> str:
    covered = decision.contrast.covered if decision.contrast else 0.0
    return f"{_NOT_ENOUGH}: only {_share(covered)} of the reports can be compared."


_WITHOUT_CONTRAST: Final[Mapping[Reason | None, Callable[[Decision, Rule], str]]] = {
    Reason.NEVER_COMPLETE: _never_complete,
    Reason.ON_CLOSING: _on_closing,
    Reason.SILENT: _silent,
    Reason.FEW_WEEKS: _few_weeks,
    Reason.NOTHING_IN_COMMON: _nothing_in_common,
    Reason.LITTLE_IN_COMMON: _little_in_common,
}


def _span(window: Window) -> str:
    return f"{window.first_day} to {window.last_day}"


def _limit(milliseconds: int) -> str:
    return f"{milliseconds // MINUTE} min" if milliseconds % HOUR else f"{milliseconds // HOUR} h"


def _hours(milliseconds: float) -> str:
    return f"{milliseconds / HOUR:.1f} h"


def _signed_hours(milliseconds: float) -> str:
    return f"{milliseconds / HOUR:+.1f} h"


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(share: float) -> str:
    return f"{100 * share:g} points"
