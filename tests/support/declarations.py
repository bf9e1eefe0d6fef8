"""A declaration that is right, as text, with parts that a test replaces."""

from typing import Final

from streams.contract.declarations.declaration import Declaration
from streams.contract.declarations.file import parse_declaration
from streams.contract.packs.rulebook import STANDARD_RULES
from streams.contract.registry.registry import Registry

DECLARATION: Final = """\
schema = "safeclock.declared/1"
id = "2027-h1"
declared = 2026-12-18
by = "Name, office"
question = "Are reports of 2027-H1 decided faster than those of 2026-H1?"
clock = "time_to_decision"
horizon = "48h"
cells = ["platform"]
platforms = ["harbor", "lantern"]
harms = []
dates_in_twelve_months = 2
[baseline]
first = 2026-01-05
weeks = 26
[current]
first = 2027-01-04
weeks = 26
decide = 2027-07-08
[margins]
least = 0.05
same = 0.15
[guards.acted]
clock = "time_to_action"
within = "24h"
better = "more"
margin = 0.05
[guards.reversed]
clock = "decision_reversed"
within = "28d"
better = "less"
margin = 0.02
"""


def declaration_text(**values: str) -> str:
    """Return the text with the lines of some fields replaced: `horizon='"24h"'`; the first line of that name counts."""
    lines = DECLARATION.splitlines()
    for name, value in values.items():
        place = next(number for number, line in enumerate(lines) if line.startswith(f"{name} ="))
        lines[place] = f"{name} = {value}"
    return "\n".join(lines) + "\n"


def parse_text(text: str, registry: Registry | None = None) -> Declaration:
    """Return the declaration in a text, read with the standard clocks alone."""
    return parse_declaration(text.encode(), "h1.toml", registry or Registry.accepting_all(), STANDARD_RULES)


def build_declaration(**values: str) -> Declaration:
    """Return the declaration with some fields replaced."""
    return parse_text(declaration_text(**values))
