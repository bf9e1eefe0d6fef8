"""What the operator's commands do with errors."""

import click
import pytest

from streams.admin.commands.common import exit_on_error
from streams.runtime.journal.journal import ClaimError, RowTooLargeError


@pytest.mark.parametrize(
    "error", [ClaimError("fenced"), RowTooLargeError("a row of 3 MiB"), OSError("no disk")], ids=str
)
def test_an_expected_error_becomes_one_message(error: Exception) -> None:
    with pytest.raises(click.ClickException, match=str(error)), exit_on_error():
        raise error


def test_an_error_of_ours_keeps_its_stack() -> None:
    with pytest.raises(ZeroDivisionError), exit_on_error():
        raise ZeroDivisionError
