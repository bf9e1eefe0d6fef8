"""The committed rules for a test that cannot wait: every duration in them is so many times shorter, all else the same."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

_MILLISECONDS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION: Final = re.compile(r"(?<![\w.])(\d+)(ms|[smhdw])\b")
_AGE: Final = re.compile(r"(time\(\) - max\(\w+\) [<>] )(\d+)")
"""The comparison of an age with a number, which is of seconds."""


def hurried(rules: Path, times: int) -> str:
    """Return the rule file with the ranges, offsets, waits and ages of its rules divided by `times`.

    Names of recorded series keep theirs. The answer is JSON, which is YAML.
    """
    read = yaml.safe_load(rules.read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]
    for group in read["groups"]:
        group["rules"] = [_hurried(rule, times) for rule in group["rules"]]
    return json.dumps(read)


def _hurried(rule: Mapping[str, Any], times: int) -> dict[str, Any]:
    expr = _AGE.sub(lambda age: f"{age[1]}{int(age[2]) / times:g}", rule["expr"])
    waits = {"for": _shorter(rule["for"], times)} if "for" in rule else {}
    return {**rule, "expr": _shorter(expr, times), **waits}


def _shorter(text: str, times: int) -> str:
    def divided(found: re.Match[str]) -> str:
        whole = int(found[1]) * _MILLISECONDS[found[2]]
        return f"{max(min(whole, 1), whole // times)}ms"

    return _DURATION.sub(divided, text)
