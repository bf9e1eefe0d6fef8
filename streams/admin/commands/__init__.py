"""The operator's commands; what they do is imported when they are asked for."""

from streams.admin.commands.refused import replay
from streams.admin.commands.setup import admin
from streams.admin.commands.state import accept_source_reset, backup, restore

for _command in (accept_source_reset, backup, restore):
    admin.add_command(_command)

__all__ = ["admin", "replay"]
