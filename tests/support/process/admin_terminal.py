"""An operator at a terminal: commands run in this process, on a registry of two platforms."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner, Result

from safeclock import main

_REGISTRY = """\
partitions = 2

[[platforms]]
id = "harbor"
provider = "Breakwater Social Ltd"
report_filed = "{application}-filed.harbor"
action_taken = "{application}-taken.harbor"
principal = "User:harbor"
feedback = "{application}-heard.harbor"

[[platforms]]
id = "lantern"
provider = "Wick and Glass Media"
report_filed = "{application}-filed.lantern"
action_taken = "{application}-taken.lantern"
principal = "User:lantern"
feedback = "{application}-heard.lantern"
"""


class AdminTerminal(NamedTuple):
    """Where commands run; `environment` is what they are told."""

    environment: Mapping[str, str]

    def run(self, *arguments: str | Path) -> Result:
        """Run a command to its end."""
        return CliRunner(env=self.environment).invoke(main, [str(argument) for argument in arguments])

    def run_successfully(self, *arguments: str | Path) -> str:
        """Run a command that must end with 0 and return what it printed."""
        result = self.run(*arguments)
        assert result.exit_code == 0, f"{arguments} ended with {result.exit_code}\n{result.output}"
        return result.output

    def run_json(self, *arguments: str | Path) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Run a command with `--format json` and return what it printed."""
        return json.loads(self.run(*arguments, "--format", "json").stdout)


def open_terminal(folder: Path, application: str, environment: Mapping[str, str]) -> AdminTerminal:
    """Return a terminal for `application`, whose registry is written to `folder`."""
    file = folder / f"{application}.toml"
    file.write_text(_REGISTRY.format(application=application), encoding="utf-8")
    return AdminTerminal({"SAFECLOCK_APPLICATION": application, "SAFECLOCK_REGISTRY": str(file), **environment})
